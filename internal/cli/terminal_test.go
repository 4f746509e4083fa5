package cli

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
)

// screen is a terminal to look at.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func isScreen(w io.Writer) (int, bool) {
	if _, ok := w.(*screen); !ok {
		return 0, false
	}
	return 100, true
}

const escape = "\x1b["

// Colour and progress are for people: they show on terminals, and nowhere else.
func TestTerminals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		out, err     io.Writer
		env          map[string]string
		color, meter bool
	}{
		{name: "pipes", out: new(bytes.Buffer), err: new(bytes.Buffer)},
		{name: "terminals", out: new(screen), err: new(screen), color: true, meter: true},
		{name: "report to a pipe", out: new(bytes.Buffer), err: new(screen), meter: true},
		{name: "errors to a pipe", out: new(screen), err: new(bytes.Buffer), color: true},
		{name: "NO_COLOR", out: new(screen), err: new(screen), env: map[string]string{"NO_COLOR": "1"}, meter: true},
		{name: "empty NO_COLOR", out: new(screen), err: new(screen), env: map[string]string{"NO_COLOR": ""}, color: true, meter: true},
		{name: "dumb terminal", out: new(screen), err: new(screen), env: map[string]string{"TERM": "dumb"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// Slow enough for the bar to be drawn.
			code := Run(t.Context(), []string{"run", "sandbox", "--api", "ledger", "--rate", "25"}, Streams{
				Out: tt.out, Err: tt.err, Terminal: isScreen,
				LookupEnv: func(name string) (string, bool) { value, ok := tt.env[name]; return value, ok },
			})
			out, errs := text(tt.out), text(tt.err)
			if code != ExitOK {
				t.Errorf("got exit code %d: %s", code, errs)
			}
			if got := strings.Contains(out, escape); got != tt.color {
				t.Errorf("colour: got %t, want %t, in %q", got, tt.color, out)
			}
			if got := strings.Contains(errs, " requests"); got != tt.meter {
				t.Errorf("progress: got %t, want %t, in %q", got, tt.meter, errs)
			}
			if !tt.meter && errs != "" {
				t.Errorf("standard error: got %q, want nothing", errs)
			}
		})
	}
}

func text(w io.Writer) string { return w.(interface{ String() string }).String() }

func TestWidth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		w       io.Writer
		columns string
		want    int
	}{
		{"a pipe", new(bytes.Buffer), "", 0},
		{"a terminal", new(screen), "", 100},
		{"COLUMNS", new(screen), "60", 60},
		{"COLUMNS of a pipe", new(bytes.Buffer), "60", 60},
		{"COLUMNS that is no number", new(screen), "wide", 100},
	} {
		s := Streams{Terminal: isScreen, LookupEnv: func(string) (string, bool) { return tt.columns, true }}
		if got := s.width(tt.w); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}
