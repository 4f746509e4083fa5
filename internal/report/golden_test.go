package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

var update = flag.Bool("update", false, "write the golden files")

// signatures are the cases of an IAM route that holds.
func signatures(p at) []probe.Result {
	var out []probe.Result
	for _, s := range [][2]string{
		{"unsigned", "unsigned-to-iam"}, {"expired-signature", "signature-expired"},
		{"tampered-signature", "signature-mismatch"}, {"malformed-authorization", "incomplete-authorization-header"},
	} {
		out = append(out, refused(p, s[0], probe.IAMAuthentication, probe.Cause(s[1]), probe.Likely))
	}
	return out
}

// reports are the runs that the table is looked at with.
func reports() map[string]probe.Report {
	outsider := refused(ordersItem, "outsider", probe.IAMAuthorization, "iam-implicit-deny", probe.Certain)
	outsider.Expected.Layers = append(outsider.Expected.Layers, probe.ResourcePolicy)
	healthy := append([]probe.Result{control(ordersList, "sigv4"), control(ordersItem, "sigv4")}, signatures(ordersList)...)
	healthy = append(append(healthy, signatures(ordersItem)...), outsider,
		skipped(ordersList, "missing-api-key", "the route does not ask for an API key"),
		skipped(ordersItem, "missing-api-key", "the route does not ask for an API key"),
		skipped(ordersItem, "wrong-stage", "a custom domain implies the stage"))

	undeclared := refused(items, "unknown-resource", probe.Backend, "", probe.Likely)
	undeclared.Expected = probe.Expected{}
	undeclared.Observed = &probe.Observation{Status: 404}
	undeclared.Reason = "answered with status 404, which proves nothing: catch_all is not declared"
	undeclared.Next = "declare catch_all"

	wrongLayer := refused(items, "missing-api-key", probe.Edge, "not-api-gateway", probe.Likely)
	wrongLayer.Verdict, wrongLayer.Kind = probe.Fail, probe.WrongLayer
	wrongLayer.Expected = probe.Expected{Layer: probe.APIKeyLayer, Layers: []probe.Layer{probe.APIKeyLayer}, Status: []int{403, 401}}
	wrongLayer.Reason = "api-key should have refused it, but it was edge answered 403"
	unknown := ambiguous(items, "invalid-api-key")
	unknown.Reason, unknown.Next = "status 418 of no known shape", "look at the answer; if it is API Gateway's, its shape is new"
	unknown.Observed = &probe.Observation{Status: 418}
	unknown.Attribution = &probe.Attribution{Confidence: probe.UnknownConfidence}

	var group []probe.Result
	for i := range 12 {
		p := at{"orders", fmt.Sprintf("GET /orders/%d", i), byDomain}
		group = append(group, blocked(p, "sigv4"), controlFailed(p, "unsigned"), controlFailed(p, "expired-signature"),
			controlFailed(p, "tampered-signature"))
	}
	group = append(group, refused(items, "wrong-stage", probe.Stage, "unknown-stage", probe.Likely))
	filtered := controlFailed(items, "unsigned") // its control was accepted by the owner
	group = append(group, acceptedFor(blocked(items, "sigv4"), "the web ACL is being rebuilt", ""), filtered)

	skewed := reportOf(unsent(ordersList, "sigv4", probe.KindCredentials,
		`our own secret is missing: environment variable "ORDERS_KEY" is not set`, "make the reference resolve; probe validate --resolve tries it"),
		unsent(ordersItem, "sigv4", probe.KindCredentials,
			`our own secret is missing: environment variable "ORDERS_KEY" is not set`, "make the reference resolve; probe validate --resolve tries it"),
		skipped(items, "sigv4", "needs credentials: the route has no principal"))
	skewed.Run.ClockSkewMS = -4200

	interrupted := reportOf(append(signatures(ordersList),
		unsent(ordersItem, "unsigned", probe.KindStopped, "the run was interrupted, or its time was up, before this was sent", ""),
		unsent(items, "unsigned", probe.KindStopped, "the run was interrupted, or its time was up, before this was sent", ""))...)
	interrupted.Run.Complete = false
	cut := reportOf(signatures(ordersList)...)
	cut.Run.Complete = false

	findings := reportOf(signatures(ordersList)...)
	findings.Run.DurationMS = (2*time.Minute + 5*time.Second).Milliseconds()
	findings.Run.Labels = map[string]string{"commit": "abc", "branch": "main"}
	findings.Findings = []probe.Finding{{Kind: "drift", API: "orders", Text: "two accesses of one API disagree on the same request"}}

	findings.Run.Notes = []string{"account: not seen: usage plans: apigateway:GET on arn:aws:apigateway:eu-west-1::/usageplans is not allowed", "of another API"}

	wrongClock := reportOf(unsent(ordersList, "sigv4", probe.KindCredentials,
		"our own clock is wrong, so a correct signature was refused for its time", "set the clock of this machine, or sign with the gateway's time: --correct-clock"))
	wrongClock.Run.ClockSkewMS = (10 * time.Minute).Milliseconds()
	wrongClock.Findings = []probe.Finding{{Kind: "clock-skew", Text: "the clock of this machine is wrong: the gateway's is 10m0s ahead of it"}, findings.Findings[0]}

	unicode := at{"bücher", "GET /書籍/{id}", probe.Access{Kind: probe.AccessCustomDomain, Host: "xn--bcher-kva.example", Prefix: "/" + strings.Repeat("very-long-base-path/", 6)}}
	chinese := opened(unicode, "unsigned", probe.IAMAuthentication)
	chinese.Observed.Message = strings.Repeat("您没有访问该资源的权限。", 6)

	return map[string]probe.Report{
		"pass":           reportOf(healthy...),
		"open":           reportOf(append(signatures(ordersList), opened(ordersItem, "unsigned", probe.IAMAuthentication), opened(ordersList, "missing-api-key", probe.APIKeyLayer), opened(ordersItem, "missing-api-key", probe.APIKeyLayer), opened(ordersItem, "invalid-api-key", probe.APIKeyLayer), ambiguous(items, "missing-api-key"))...),
		"ambiguous":      reportOf(control(items, "unsigned"), ambiguous(items, "missing-api-key"), unknown, wrongLayer, undeclared),
		"control-failed": reportOf(group...),
		"network":        reportOf(unanswered(ordersList, "sigv4", 40001), unanswered(ordersItem, "sigv4", 40002), unanswered(ordersItem, "unsigned", 40003), unanswered(items, "unsigned", 40004)),
		"credentials":    skewed,
		"stopped": reportOf(append(signatures(ordersList), unsent(ordersItem, "unsigned", probe.KindStopped,
			"the control had passed and is now answered 403: a web ACL or a throttle has had enough of us", ""), unsent(ordersItem, "outsider", probe.KindStopped,
			"the control had passed and is now answered 403: a web ACL or a throttle has had enough of us", ""))...),
		"interrupted": interrupted,
		"cut-short":   cut,
		"accepted": reportOf(append(signatures(ordersList),
			acceptedFor(opened(ordersDoor, "default-endpoint", probe.Domain), "closed in ticket 123", "2027-01-31"),
			acceptedFor(opened(ordersItem, "unsigned", probe.IAMAuthentication), "deliberate fault: the method requires no signature", ""),
			acceptedFor(opened(ordersItem, "expired-signature", probe.IAMAuthentication), "deliberate fault: the method requires no signature", ""))...),
		"accesses": reportOf(append(append(signatures(ordersList), signatures(ordersItem)...),
			append(signatures(ordersDoor), refused(ordersDoor, "wrong-stage", probe.Stage, "unknown-stage", probe.Likely))...)...),
		"findings": findings,
		"flaky":    waited(),
		"compared": compared(),
		"clock":    wrongClock,
		"unicode":  reportOf(chinese, refused(unicode, "unknown-resource", probe.RouteLayer, "no-such-resource", probe.Certain)),
		"hostile":  hostile(),
		"nothing":  reportOf(skipped(items, "unsigned", "needs credentials: the route has no principal")),
	}
}

// compared is a run beside a baseline in which one gate was still shut, and another was open.
func compared() probe.Report {
	gate := func(scenario string, open bool) probe.Result {
		if open {
			return opened(ordersList, scenario, probe.IAMAuthentication)
		}
		return refused(ordersList, scenario, probe.IAMAuthentication, "unsigned-to-iam", probe.Certain)
	}
	before := reportOf(gate("unsigned", false), gate("expired-signature", true), control(ordersList, "sigv4"))
	rep := reportOf(gate("unsigned", true), gate("expired-signature", false), control(ordersList, "sigv4"))
	drift := probe.Compare(before, rep)
	rep.Drift = &drift
	return rep
}

// waited is a run that asked again: one case passed in the end, another did not.
func waited() probe.Report {
	try := func(res probe.Result, layer probe.Layer, verdict probe.Verdict, kind probe.VerdictKind) probe.Result {
		asked := start.Add(time.Duration(len(res.Tries)-2) * time.Second)
		res.Tries = append(res.Tries, probe.Try{At: asked, Status: 403, ErrorType: "ForbiddenException", Layer: layer, Confidence: probe.Likely, Verdict: verdict, Kind: kind})
		res.Attempts++
		return res
	}
	passed := try(control(ordersList, "sigv4"), probe.WAF, probe.Fail, probe.Blocked)
	passed.Flaky = true
	failed := try(try(opened(ordersList, "unsigned", probe.IAMAuthentication), "", probe.Inconclusive, probe.KindAmbiguous), probe.IAMAuthentication, probe.Pass, "")
	failed.Flaky = true
	rep := reportOf(passed, failed, refused(ordersList, "expired-signature", probe.IAMAuthentication, "signature-expired", probe.Certain))
	rep.Run.Wait = &probe.Wait{ForMS: 90000}
	repeat := opened(ordersList, "unsigned", probe.IAMAuthentication)
	repeat.ID, repeat.Scenario, repeat.Verdict = repeat.ID+"|repeat", "repeat:unsigned", ""
	rep.Extra = []probe.Result{repeat}
	return rep
}

// evil tries to colour, to move the cursor, to start a line, to turn the text round and to be no UTF-8 at all.
const evil = "a\x1b[31mred\x1b[2J\u009b2K\r\nPASS\tb\u202ec\x00\x7f\xff\a\u200b"

func hostile() probe.Report { return hostileBy(evil) }

// hostileBy is a run in which everything that comes from elsewhere is a text that wants to be more than a text.
func hostileBy(evil string) probe.Report {
	p := at{"orders" + evil, "GET /" + evil, probe.Access{Kind: probe.AccessCustomDomain, Host: "host" + evil, Prefix: "/" + evil}}
	bad := func(res probe.Result) probe.Result {
		res.Reason += evil
		res.Next += evil
		res.Scenario += evil
		res.ID += evil
		res.Observed.Message = evil
		res.Observed.ErrorType = evil
		res.Observed.Body = evil
		res.Observed.Headers = map[string]string{"x-" + evil: evil}
		res.Request.URL += evil
		res.Attribution.Cause = probe.Cause(evil)
		return res
	}
	network := unanswered(p, "valid-token", 1)
	network.Observed.Error.Text = evil
	rep := reportOf(bad(opened(p, "unsigned", probe.IAMAuthentication)), bad(ambiguous(p, "missing-api-key")),
		bad(refused(p, "outsider", probe.Layer(evil), probe.Cause(evil), probe.Confidence(evil))), network,
		acceptedFor(bad(blocked(p, "sigv4")), evil, evil), skipped(p, "x", evil))
	rep.Run.Environment += evil
	rep.Run.Labels = map[string]string{evil: evil}
	rep.Findings = []probe.Finding{{Kind: evil, API: evil, Text: evil}}
	rep.Run.Notes = []string{evil}
	return rep
}

// write runs events through a format.
func write(t *testing.T, format string, o Options, events []probe.Event) string {
	t.Helper()
	f, err := Find(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	sink := f.New(&b, o)
	for _, e := range events {
		if err := sink(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, diff)
	}
}

func TestGoldenFilesAreUsed(t *testing.T) {
	used := map[string]bool{
		"contract.json": true, "contract.jsonl": true, "replay-same": true, "replay-changed": true, "replay.json": true,
	}
	for name := range reports() {
		for _, suffix := range []string{"80", "120", "color"} {
			used[name+"-"+suffix] = true
		}
	}
	for _, format := range files {
		for _, name := range looked {
			used[name+"."+format] = true
		}
	}
	found, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(found) == 0 {
		t.Fatalf("finding golden files: got %d, %v", len(found), err)
	}
	for _, f := range found {
		if name := strings.TrimSuffix(filepath.Base(f), ".golden"); !used[name] {
			t.Errorf("%s belongs to no test", f)
		}
	}
}
