package cli

import (
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
)

// What is accepted is verified only by its log entry: it is waited for, and why there is none is said.
func TestDoctorVerifies(t *testing.T) {
	Long(t)
	delayed := func(m *sandbox.Model) { m.ControlPlane.LogDelay = 1200 * time.Millisecond }
	unreadable := []sandbox.Statement{all, {Effect: sandbox.Deny, Action: []string{"logs:FilterLogEvents"}}}
	for _, c := range []struct {
		name   string
		args   []string
		change func(*sandbox.Model)
		rights []sandbox.Statement
		code   ExitCode
		says   []string
	}{
		{name: "logged at once", code: ExitOK, says: []string{"the control is accepted, and its log entry says so", "status 200 at "}},
		{name: "logged late, and waited for", change: delayed, code: ExitOK, says: []string{"the control is accepted, and its log entry says so"}},
		{
			name: "logged too late", change: delayed, args: []string{"--evidence-wait", "0"}, code: ExitInconclusive,
			says: []string{"no log entry with its request id and status was found", "has no entry of sigv4 after 0s; entries may come minutes late: --evidence-wait waits for them"},
		},
		{
			name: "API Gateway may not write logs", change: func(m *sandbox.Model) { m.ControlPlane.NoLogRole = true }, args: []string{"--evidence-wait", "0"},
			code: ExitInconclusive, says: []string{"no log entry with its request id and status was found"},
		},
		{
			name: "the log may not be read", rights: unreadable, code: ExitInconclusive,
			says: []string{"logs:FilterLogEvents on arn:aws:logs:eu-west-1:111122223333:log-group:/apigateway/orders:* is not allowed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rights := c.rights
			if rights == nil {
				rights = []sandbox.Statement{all}
			}
			e := errand{args: append([]string{"doctor", "sandbox", "orders", "GET /orders/{id}", "--verify"}, c.args...), change: c.change}
			got := e.run(t, rights)
			if got.code != c.code {
				t.Errorf("got exit code %d, want %d", got.code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(got.out, want) {
					t.Errorf("got no %q in\n%s%s", want, got.out, got.messages)
				}
			}
		})
	}
}

// Without any right the answers speak alone, and each right that is missing is named.
func TestDoctorWithoutRights(t *testing.T) {
	deny := func(m *sandbox.Model) { m.Principals[0].Policy = nil }
	e := errand{args: []string{"doctor", "sandbox", "orders", "GET /orders/{id}", "--evidence-wait", "0"}, change: deny}
	got := e.run(t, nil)
	if got.code != ExitFail {
		t.Errorf("got exit code %d, want %d", got.code, ExitFail)
	}
	for _, want := range []string{
		"likely: iam-authorization", "iam-implicit-deny: ", "caller signs the control: arn:aws:sts::111122223333:assumed-role/caller/probe, account 111122223333",
		"apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/or4d3r5a1b is not allowed", "REPLACE-BY-ACCOUNT-ID",
		"arn:aws:iam::111122223333:user/operator",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("got no %q in\n%s%s", want, got.out, got.messages)
		}
	}
	if strings.Contains(got.out, "agrees with the configuration") {
		t.Errorf("got that the account agrees, though nothing of it was seen:\n%s", got.out)
	}
}
