package probe

import (
	"errors"
	"strings"
	"testing"
)

// A mistake of ours in any goroutine of a run is a panic of whoever iterates, who can go on after it. Nobody is told that the
// run has finished.
func TestPanicInRun(t *testing.T) {
	broken := errors.New("broken")
	for name, breakIn := range map[string]func(m *Matrix, o *RunOptions){
		"crafting a request": func(m *Matrix, _ *RunOptions) {
			m.Cases[1].Scenario.Change = func(*Recipe) { panic(broken) }
		},
		"judging an API": func(_ *Matrix, o *RunOptions) { o.Next = func(Layer, Cause) string { panic(broken) } }, // of what failed
	} {
		t.Run(name, func(t *testing.T) {
			answers := healthy()
			answers["tampered"] = []reply{replyForbid}
			g := play(t, answers)
			m, o := matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{Resolve: testResolve}
			breakIn(m, &o)
			var events []Event
			thrown := func() (thrown any) {
				defer func() { thrown = recover() }()
				for e := range m.Run(t.Context(), o) {
					events = append(events, e)
				}
				return nil
			}()
			p, ok := thrown.(*Panic)
			if !ok || !errors.Is(p, broken) || !strings.Contains(string(p.Stack), "panic_test.go") || !strings.HasPrefix(p.Error(), "panic in a run: broken\n") {
				t.Errorf("got %v, want the panic with its stack", thrown)
			}
			if len(events) == 0 {
				t.Error("got no events before it")
			}
			for _, e := range events {
				if _, ok := e.(RunFinished); ok {
					t.Error("got the end of a run that broke")
				}
			}
		})
	}
}
