package evidence_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

// firewall answers as AWS WAF does, and the rest as a plane.
type firewall struct {
	*plane
	acl     string            // answer to GetWebACL; "403 Code" is an error
	samples map[string]string // by the name of a metric
	windows []string          // that were asked for
}

func (f *firewall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, calls := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !calls {
		f.plane.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var input struct {
		Name, Id, WebAclArn, RuleMetricName, Scope string
		TimeWindow                                 struct{ StartTime, EndTime float64 }
	}
	_ = json.Unmarshal(body, &input) // what is not JSON asks for nothing
	answer := f.acl
	if operation == "GetSampledRequests" {
		f.windows = append(f.windows, fmt.Sprintf("%s %s %s: %s to %s", input.Scope, input.WebAclArn, input.RuleMetricName, clockOf(input.TimeWindow.StartTime), clockOf(input.TimeWindow.EndTime)))
		answer = `{"SampledRequests":[` + f.samples[input.RuleMetricName] + `]}`
	} else if got := input.Scope + "/" + input.Name + "/" + input.Id; got != "REGIONAL/x/1" {
		answer = "400 WAFNonexistentItemException"
	}
	var status int
	var code string
	if n, _ := fmt.Sscanf(answer, "%d %s", &status, &code); n == 2 {
		w.WriteHeader(status)
		answer = `{"__type":"` + code + `"}`
	}
	_, _ = io.WriteString(w, answer)
}

func clockOf(seconds float64) string {
	return time.Unix(int64(seconds), 0).UTC().Format(time.TimeOnly)
}

// sample is one that AWS WAF kept, of a GET.
func sample(id, host, action, more string) string {
	return fmt.Sprintf(`{"Weight":1,"Timestamp":1772366400,"Action":%q%s,"Request":{"Method":"GET","URI":"/prod/orders","Headers":[{"Name":"Host","Value":%q},{"Name":"x-amzn-RequestId","Value":%q}]}}`,
		action, more, host, id)
}

// rule is one of a web ACL, whose metric bears its name.
func rule(name, more string) string {
	return fmt.Sprintf(`{"Name":%q,"Priority":0,"Statement":{}%s,"VisibilityConfig":{"SampledRequestsEnabled":%t,"CloudWatchMetricsEnabled":true,"MetricName":%q}}`,
		name, more, name != "unsampled", name)
}

func webACL(rules ...string) string {
	return `{"WebACL":{"Name":"x","Id":"1","ARN":"arn","DefaultAction":{"Allow":{}},"Rules":[` + strings.Join(rules, ",") +
		`],"VisibilityConfig":{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"else"}}}`
}

// guarded is a stage with a web ACL, and no logs.
const guarded = `{"stageName":"prod","deploymentId":"d1","webAclArn":"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1"}`

func TestSamples(t *testing.T) {
	const block = `,"Action":{"Block":{}}`
	one := func(change ...func(*probe.Result)) probe.Result {
		res := refused("GET", restHost, "/prod/orders", probe.WAF, probe.APIKeyLayer)
		res.Request.Headers["x-amzn-requestid"], res.Observed.Status = "id-1", 403
		for _, f := range change {
			f(&res)
		}
		return res
	}
	atDomain := func(res *probe.Result) { res.Request.Traits.Host = "api.example.com" }
	blocked := `documented changing false: [] sample of AWS WAF, of this request id: rule "bots": BLOCK`
	for _, c := range []struct {
		name    string
		rules   []string
		samples map[string]string
		sent    probe.Result
		want    []string
		of      []probe.Candidate
		notes   []string
	}{
		{name: "blocked", samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", `,"ResponseCodeSent":403`)}, want: []string{blocked}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-blocked"}}},
		{name: "blocked within a group", samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", `,"RuleNameWithinRuleGroup":"AWS#Bots#Curl"`)},
			want: []string{`documented changing false: [] sample of AWS WAF, of this request id: rule "bots" (AWS#Bots#Curl): BLOCK`}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-blocked"}}},
		{name: "allowed", samples: map[string]string{"else": sample("id-1", restHost, "ALLOW", "")}, want: []string{"documented changing false: [waf] sample of AWS WAF, of this request id: the default action: ALLOW"}},
		{name: "counted and allowed", samples: map[string]string{"bots": sample("id-1", restHost, "COUNT", ""), "else": sample("id-1", restHost, "ALLOW", "")},
			want: []string{"documented changing false: [waf] sample of AWS WAF, of this request id: the default action: ALLOW"}},
		{name: "a puzzle that was not solved", samples: map[string]string{"bots": sample("id-1", restHost, "CAPTCHA", `,"CaptchaResponse":{"ResponseCode":405,"FailureReason":"TOKEN_MISSING"}`)},
			want: []string{`documented changing false: [] sample of AWS WAF, of this request id: rule "bots": CAPTCHA`}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-captcha"}}},
		{name: "a challenge that was not met", samples: map[string]string{"bots": sample("id-1", restHost, "CHALLENGE", `,"ChallengeResponse":{"ResponseCode":202,"FailureReason":"TOKEN_EXPIRED"}`)},
			want: []string{`documented changing false: [] sample of AWS WAF, of this request id: rule "bots": CHALLENGE`}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-challenge"}}},
		{name: "a challenge that was met", samples: map[string]string{"bots": sample("id-1", restHost, "CHALLENGE", `,"ChallengeResponse":{"SolveTimestamp":1}`)}},
		{name: "a custom domain", sent: one(atDomain), samples: map[string]string{"bots": sample("id-1", "api.example.com", "BLOCK", "")},
			want: []string{`inferred changing false: [] sample of AWS WAF, of this request id: rule "bots": BLOCK`}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-blocked"}}},
		{name: "allowed on the way to a custom domain", sent: one(atDomain), samples: map[string]string{"else": sample("id-1", "api.example.com", "ALLOW", "")}},
		{name: "of another request", samples: map[string]string{"bots": sample("id-2", restHost, "BLOCK", "")}},
		{name: "passed on to another host", samples: map[string]string{"bots": sample("id-1", "inner.execute-api.eu-west-1.amazonaws.com", "BLOCK", "")}},
		{name: "answered otherwise", samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", `,"ResponseCodeSent":429`)}},
		{name: "another method", sent: one(func(res *probe.Result) { res.Request.Method = "POST" }), samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", "")}},
		{name: "blocked and allowed", samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", ""), "else": sample("id-1", restHost, "ALLOW", "")}},
		{name: "sent twice", sent: one(func(res *probe.Result) { res.Observed.Resends = 1 }), samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", "")}},
		{name: "nothing speaks for a web ACL", sent: one(func(res *probe.Result) { res.Attribution.Candidates = res.Attribution.Candidates[1:] }), samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", "")}},
		{name: "an answer of no known shape", sent: one(func(res *probe.Result) { res.Attribution.Candidates = nil }), samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", "")},
			want: []string{blocked}, of: []probe.Candidate{{Layer: probe.WAF, Cause: "waf-blocked"}}},
		{name: "rules that only count", rules: []string{rule("bots", `,"Action":{"Count":{}}`), rule("group", `,"OverrideAction":{"Count":{}}`)},
			samples: map[string]string{"bots": sample("id-1", restHost, "BLOCK", ""), "group": sample("id-1", restHost, "BLOCK", "")}},
		{name: "a rule without samples", rules: []string{rule("unsampled", block)}, samples: map[string]string{"unsampled": sample("id-1", restHost, "BLOCK", "")},
			notes: []string{`orders: the web ACL keeps no samples of rule "unsampled"`}},
		{name: "not allowed", rules: []string{"403 AccessDeniedException"},
			notes: []string{"account: not seen: the rules of the web ACL: wafv2:GetWebACL on arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1 is not allowed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.rules == nil {
				c.rules = []string{rule("bots", block)}
			}
			f := &firewall{plane: &plane{answers: restPlane()}, acl: webACL(c.rules...), samples: c.samples}
			if strings.HasPrefix(c.rules[0], "403") {
				f.acl = c.rules[0]
			}
			if c.sent.ID == "" {
				c.sent = one()
			}
			f.answers["/restapis/a1b2c3d4e5/deployments/d1"] = `{}`
			f.answers["/restapis/a1b2c3d4e5/stages/prod"] = guarded
			got := f.open(t).Testify(t.Context(), restAPI(), []probe.Result{c.sent})
			if diff := cmp.Diff(c.want, told(got.Evidence)); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			var of []probe.Candidate
			for _, es := range got.Evidence {
				of = append(of, es[0].Candidates...)
			}
			if diff := cmp.Diff(c.of, of); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.notes, got.Notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSamplesWindow: samples are asked for around the run, three hours back at most.
func TestSamplesWindow(t *testing.T) {
	const acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1"
	for _, c := range []struct {
		name string
		gap  time.Duration
		want []string
	}{
		{"short", 2 * time.Minute, []string{"REGIONAL " + acl + " else: 11:59:00 to 12:03:00"}},
		{"long", 5 * time.Hour, []string{"REGIONAL " + acl + " else: 14:02:00 to 17:01:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := refused("GET", restHost, "/prod/orders", probe.WAF)
			first.Request.Headers["x-amzn-requestid"] = "id-1"
			second := refused("GET", restHost, "/prod/other", probe.WAF)
			second.At = sentAt.Add(c.gap)
			f := &firewall{plane: &plane{answers: restPlane()}, acl: webACL()}
			f.answers["/restapis/a1b2c3d4e5/stages/prod"] = guarded
			f.open(t).Testify(t.Context(), restAPI(), []probe.Result{second, first})
			if diff := cmp.Diff(c.want, f.windows); diff != "" {
				t.Errorf("windows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSamplesOfClassic: the older AWS WAF is another service.
func TestSamplesOfClassic(t *testing.T) {
	p := &plane{answers: restPlane()}
	p.answers["/restapis/a1b2c3d4e5/stages/prod"] = `{"stageName":"prod","deploymentId":"d1","webAclArn":"arn:aws:waf-regional:eu-west-1:123456789012:webacl/1"}`
	res := refused("GET", restHost, "/prod/orders", probe.WAF)
	res.Request.Headers["x-amzn-requestid"] = "id-1"
	got := p.open(t, evidence.DefaultBudget).Testify(t.Context(), restAPI(), []probe.Result{res})
	want := []string{"orders: arn:aws:waf-regional:eu-west-1:123456789012:webacl/1 is no web ACL of AWS WAF as it is now: its samples are not read"}
	if diff := cmp.Diff(want, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func (f *firewall) open(t *testing.T) *evidence.Account {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget, config.WithBaseEndpoint(server.URL), config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
