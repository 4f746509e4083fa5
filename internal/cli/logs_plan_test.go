package cli

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/logging"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// The commands of a plan do what is missing, and those that undo them lead back to what was there.
func TestLogsPlanRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*sandbox.Model){
		"none is written": func(m *sandbox.Model) {
			eachStage(m, func(s *sandbox.Stage) { s.AccessLog, s.ExecutionLog = nil, false })
		},
		"no role, no policy": func(m *sandbox.Model) {
			m.ControlPlane.NoLogRole, m.ControlPlane.LogPolicies, m.ControlPlane.Retention = true, map[string]string{}, map[string]int{}
		},
		"requests whole, in a format that tells nothing": func(m *sandbox.Model) {
			eachStage(m, func(s *sandbox.Stage) {
				s.ExecutionLog, s.DataTrace = true, true
				s.AccessLog = &sandbox.AccessLog{Group: "it's", Format: `{"id":"$context.requestId","authenticate-status":"$context.authorizer.integrationStatus"}`}
				s.Throttle = &sandbox.Throttle{Rate: 7, Burst: 3}
			})
		},
		"nothing": func(*sandbox.Model) {},
	} {
		t.Run(name, func(t *testing.T) {
			m := sandbox.Builtin()
			change(&m)
			for i := range m.APIs {
				a := &m.APIs[i]
				kind := probe.APIType(a.Type)
				if a.Type == "" {
					kind = probe.REST
				}
				api := probe.API{Name: a.Name, Type: kind, ID: a.ID, Region: a.Region, Stage: a.Stages[0].Name}
				before := loggingOf(t, m, api)
				plan := logging.New(api, before, 14)
				if name == "nothing" && a.Name != "legacy" && plan.ToDo() {
					t.Errorf("%s: got %+v, want nothing to do", api.Name, plan.Facts)
				}
				for _, s := range plan.Steps {
					apply(t, &m, a, s.Do)
				}
				planned := logging.New(api, loggingOf(t, m, api), 14)
				for _, f := range planned.Facts {
					if f.State != logging.Fine {
						t.Errorf("%s: %s after the commands: got %s, %s, want fine", api.Name, f.Name, f.State, f.Text)
					}
				}
				for _, s := range slices.Backward(plan.Steps) {
					apply(t, &m, a, s.Undo)
				}
				if diff := cmp.Diff(before, loggingOf(t, m, api)); diff != "" {
					t.Errorf("%s: undone (-before +after):\n%s", api.Name, diff)
				}
			}
		})
	}
}

func eachStage(m *sandbox.Model, change func(*sandbox.Stage)) {
	for i := range m.APIs {
		m.APIs[i].Stages = slices.Clone(m.APIs[i].Stages)
		for j := range m.APIs[i].Stages {
			change(&m.APIs[i].Stages[j])
		}
	}
}

func loggingOf(t *testing.T, m sandbox.Model, api probe.API) evidence.Logging {
	t.Helper()
	account(t, m)
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget)
	if err != nil {
		t.Fatal(err)
	}
	return a.Logging(t.Context(), api, logging.Group(api))
}

// apply does to the model what the AWS CLI would do to an account.
func apply(t *testing.T, m *sandbox.Model, a *sandbox.API, commands []string) {
	t.Helper()
	eachCommand(t, commands, func(operation string, with map[string]string) { applyOne(t, m, a, operation, with) })
}

// eachCommand has a shell take commands of the AWS CLI apart: service and operation, and flags with their values.
func eachCommand(t *testing.T, commands []string, do func(operation string, with map[string]string)) {
	t.Helper()
	sh := exec.Command("sh", "-c", `aws() { printf '%s\0' "$@"; printf '\n\0'; }`+"\n"+strings.Join(commands, "\n"))
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("%s: %v", commands, err)
	}
	var words []string
	for word := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if word != "\n" {
			words = append(words, word)
			continue
		}
		with := make(map[string]string)
		for i := 2; i+1 < len(words); i += 2 {
			with[words[i]] = words[i+1]
		}
		do(words[0]+" "+words[1], with)
		words = nil
	}
}

func applyOne(t *testing.T, m *sandbox.Model, a *sandbox.API, operation string, with map[string]string) {
	t.Helper()
	s := &a.Stages[0]
	plane := &m.ControlPlane
	switch operation {
	case "logs create-log-group", "logs delete-log-group": // a group is there as long as a stage writes to it
	case "logs put-retention-policy":
		plane.Retention[with["--log-group-name"]] = decoded[int](t, with["--retention-in-days"])
	case "logs delete-retention-policy":
		delete(plane.Retention, with["--log-group-name"])
	case "logs put-resource-policy":
		plane.LogPolicies[with["--policy-name"]] = with["--policy-document"]
	case "logs delete-resource-policy":
		delete(plane.LogPolicies, with["--policy-name"])
	case "iam create-role", "iam attach-role-policy", "iam detach-role-policy", "iam delete-role":
	case "apigateway update-account":
		plane.NoLogRole = decoded[[]patched](t, with["--patch-operations"])[0].Value == ""
	case "apigateway update-stage":
		for _, p := range decoded[[]patched](t, with["--patch-operations"]) {
			applyPatch(t, s, p)
		}
	case "apigatewayv2 delete-access-log-settings":
		s.AccessLog = nil
	case "apigatewayv2 update-stage":
		if text := with["--access-log-settings"]; text != "" {
			to := decoded[struct{ DestinationArn, Format string }](t, text)
			s.AccessLog = &sandbox.AccessLog{Group: evidence.GroupOf(to.DestinationArn), Format: to.Format}
		}
		if text := with["--default-route-settings"]; text != "" {
			usual := decoded[struct {
				LoggingLevel                              string
				DataTraceEnabled, DetailedMetricsEnabled  bool
				ThrottlingBurstLimit, ThrottlingRateLimit float64
			}](t, text)
			s.ExecutionLog, s.DataTrace = usual.LoggingLevel == "INFO", usual.DataTraceEnabled
			if s.Throttle = nil; usual.ThrottlingRateLimit > 0 {
				s.Throttle = &sandbox.Throttle{Rate: usual.ThrottlingRateLimit, Burst: int(usual.ThrottlingBurstLimit)}
			}
		}
	default:
		t.Fatalf("got %q, want an operation that plans have", operation)
	}
}

type patched struct{ Op, Path, Value string }

func applyPatch(t *testing.T, s *sandbox.Stage, p patched) {
	t.Helper()
	log := sandbox.AccessLog{}
	if s.AccessLog != nil {
		log = *s.AccessLog
	}
	switch p.Op + " " + p.Path {
	case "replace /accessLogSettings/destinationArn":
		log.Group = evidence.GroupOf(p.Value)
		s.AccessLog = &log
	case "replace /accessLogSettings/format":
		log.Format = p.Value
		s.AccessLog = &log
	case "remove /accessLogSettings":
		s.AccessLog = nil
	case "replace /*/*/logging/loglevel":
		s.ExecutionLog = p.Value == "INFO"
	case "replace /*/*/logging/dataTrace":
		s.DataTrace = p.Value == "true"
	case "remove /*/*":
		s.ExecutionLog, s.DataTrace, s.Throttle = false, false, nil
	default:
		t.Fatalf("got %+v, want an operation that plans have", p)
	}
}

func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// What may not be read is named with its right, and is no reason to say that nothing is missing.
func TestLogsPlanNamesMissingRights(t *testing.T) {
	const group, prefix = "arn:aws:logs:eu-west-1:111122223333:log-group:*", "note: account: not seen: "
	for _, c := range []struct {
		api     string
		allowed []string
		want    []string
	}{
		{"ledger", []string{"apigateway:GET"}, []string{
			prefix + "which log groups are there, and their retention: logs:DescribeLogGroups on " + group + " is not allowed",
		}},
		{"shop", []string{"apigateway:GET", "logs:DescribeLogGroups"}, []string{
			prefix + "who may write to log groups: logs:DescribeResourcePolicies on * is not allowed",
		}},
		{"shop", []string{"logs:*"}, []string{
			prefix + "what is deployed, and the logs: apigateway:GET on arn:aws:apigateway:eu-west-1::/apis/5h0pe2f3g4/stages/$default is not allowed",
		}},
	} {
		path := discoveredConfig(t, c.api)
		m := sandbox.Builtin()
		operatorMay(&m, sandbox.Statement{Effect: sandbox.Allow, Action: c.allowed})
		account(t, m)
		var out bytes.Buffer
		code := Run(t.Context(), []string{"logs", "plan", "prod", c.api, "--config", path}, Streams{Out: &out, Err: &out})
		var got []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "note: ") {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || code != ExitInconclusive {
			t.Errorf("%s with %v: got exit code %d, want 3 (-want +got):\n%s\n%s", c.api, c.allowed, code, diff, out.String())
		}
	}
}
