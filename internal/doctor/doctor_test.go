package doctor

import (
	"crypto/tls"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/report"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// result is a case through the custom domain.
func result(scenario string, v probe.Verdict, kind probe.VerdictKind, a probe.Attribution, change ...func(*probe.Result)) probe.Result {
	r := onDomain()
	r.Scenario, r.Control, r.Verdict, r.Kind, r.Attribution = scenario, false, v, kind, &a
	r.ScenarioKind = probe.Gate
	for _, c := range change {
		c(&r)
	}
	return r
}

func control(r *probe.Result) {
	r.Control, r.Expected = true, probe.Expected{Layers: []probe.Layer{probe.None}}
}

func refusing(layers ...probe.Layer) func(*probe.Result) {
	return func(r *probe.Result) { r.Expected = probe.Expected{Layers: layers} }
}

func answered(status int, kind, message string) func(*probe.Result) {
	return func(r *probe.Result) {
		r.Observed = &probe.Observation{Status: status, ErrorType: kind, Message: message, RequestID: "5f1e"}
	}
}

func onDefault(r *probe.Result) {
	r.Access, r.AccessID, r.Host = probe.AccessDefault, "default", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
}

func attributed(confidence probe.Confidence, cs ...probe.Candidate) probe.Attribution {
	a := probe.Attribution{Confidence: confidence, Candidates: cs, Because: []string{}, Evidence: []string{}}
	if len(cs) > 0 {
		a.Layer, a.Cause = cs[0].Layer, cs[0].Cause
	}
	if a.Layer != "" && a.Cause == "" { // what follows are the causes that it may have
		a.Candidates = cs[1:]
	}
	return a
}

var (
	accepted  = probe.Candidate{Layer: probe.None, Cause: "accepted"}
	denied    = probe.Candidate{Layer: probe.IAMAuthorization, Cause: "iam-explicit-deny"}
	unsigned  = probe.Candidate{Layer: probe.IAMAuthentication, Cause: "unsigned-to-iam"}
	noStage   = probe.Candidate{Layer: probe.Stage, Cause: "unknown-stage"}
	noMapping = probe.Candidate{Layer: probe.Domain, Cause: "no-base-path-mapping"}
	noKey     = probe.Candidate{Layer: probe.APIKeyLayer, Cause: "missing-api-key"}
	passed    = result("sigv4", probe.Pass, "", attributed(probe.Certain, accepted), control, answered(200, "", ""))
	shut      = result("unsigned", probe.Pass, "", attributed(probe.Certain, unsigned), refusing(probe.IAMAuthentication))
)

// diagnosisOf is that of results, in an account where all is known.
func diagnosisOf(change func(*Input), results ...probe.Result) Diagnosis {
	in := known(probe.REST)
	in.Report.Run.Started = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	in.Report.Results = results
	if change != nil {
		change(&in)
	}
	return Diagnose(in)
}

func finds(kind, text string) func(*Input) {
	return func(in *Input) {
		in.Report.Findings = append(in.Report.Findings, probe.Finding{Kind: kind, API: "orders", Text: text})
	}
}

func checked(checks ...evidence.Check) func(*Input) {
	return func(in *Input) { in.Checks = checks }
}

func both(a, b func(*Input)) func(*Input) {
	return func(in *Input) { a(in); b(in) }
}

func refusedBy(confidence probe.Confidence, cs ...probe.Candidate) probe.Result {
	return result("sigv4", probe.Fail, probe.Blocked, attributed(confidence, cs...), control, answered(403, "ForbiddenException", "Forbidden"))
}

func unreached(scenario string) probe.Result {
	return result(scenario, probe.Inconclusive, probe.KindControlFailed, attributed(probe.Ambiguous, noStage, noKey))
}

// said is what a diagnosis comes to, without its words.
type said struct {
	Outcome  Outcome
	Findings []about
	Remarks  []string
	Unseen   []string
}

type about struct {
	Layer      probe.Layer
	Cause      probe.Cause
	Open       bool
	Confidence probe.Confidence
	Explains   string
	FixFor     probe.Cause
	CauseSure  probe.Confidence // "": as the layer
}

func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Input)
		results []probe.Result
		want    said
	}{
		{name: "all is well", results: []probe.Result{passed, shut}, want: said{Outcome: Healthy}},
		{name: "the account differs without harm", change: finds("logging", `stage "prod" writes no access log`), results: []probe.Result{passed, shut},
			want: said{Outcome: Healthy, Remarks: []string{`stage "prod" writes no access log`}}},
		{name: "nothing was accepted", results: []probe.Result{shut}, want: said{Outcome: Inconclusive}},
		{name: "cut short", change: func(in *Input) { in.Report.Run.Complete = false }, results: []probe.Result{passed, shut}, want: said{Outcome: Inconclusive}},
		{
			name: "what the owner accepts is no finding",
			results: []probe.Result{passed, result("unsigned", probe.Fail, probe.Open, attributed(probe.Certain, accepted), refusing(probe.IAMAuthentication),
				func(r *probe.Result) { r.Accepted = &probe.Accepted{Reason: "on purpose"} })},
			want: said{Outcome: Healthy},
		},
		{
			name: "the control explains what could not be reached", results: []probe.Result{refusedBy(probe.Certain, denied), unreached("presigned"), unreached("outsider")},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: denied.Layer, Cause: denied.Cause, Confidence: probe.Certain, Explains: "sigv4, presigned, outsider"}}},
		},
		{
			name: "ambiguous stays ambiguous", results: []probe.Result{refusedBy(probe.Ambiguous, noStage, noMapping, blocked)},
			want: said{Outcome: Inconclusive, Findings: []about{{Layer: noStage.Layer, Cause: noStage.Cause, Confidence: probe.Ambiguous, Explains: "sigv4", FixFor: noStage.Cause}}},
		},
		{
			name: "the account points to one of several", change: finds("mapping", `api.example.com has no base path "shop"`),
			results: []probe.Result{refusedBy(probe.Ambiguous, noStage, noMapping, blocked), unreached("unsigned")},
			want:    said{Outcome: Diagnosed, Findings: []about{{Layer: noMapping.Layer, Cause: noMapping.Cause, Confidence: probe.Likely, Explains: "sigv4, unsigned"}}},
		},
		{
			name: "not to another host", change: finds("mapping", `other.example.com has no base path "shop"`),
			results: []probe.Result{refusedBy(probe.Ambiguous, noStage, noMapping)},
			want: said{
				Outcome: Inconclusive, Findings: []about{{Layer: noStage.Layer, Cause: noStage.Cause, Confidence: probe.Ambiguous, Explains: "sigv4", FixFor: noStage.Cause}},
				Remarks: []string{`other.example.com has no base path "shop"`},
			},
		},
		{
			name: "the account does not speak against a proof", change: finds("stage-missing", `no stage "prod" of a1b2c3d4e5`),
			results: []probe.Result{refusedBy(probe.Certain, noKey)},
			want: said{
				Outcome: Diagnosed, Findings: []about{{Layer: noKey.Layer, Cause: noKey.Cause, Confidence: probe.Certain, Explains: "sigv4"}},
				Remarks: []string{`no stage "prod" of a1b2c3d4e5`},
			},
		},
		{
			name: "of a certain layer the account names the cause", change: finds("key-disabled", "usage plan p1 has API keys that are disabled: k1"),
			results: []probe.Result{refusedBy(probe.Certain, probe.Candidate{Layer: probe.APIKeyLayer}, noKey)},
			want:    said{Outcome: Diagnosed, Findings: []about{{Layer: probe.APIKeyLayer, Cause: "disabled-api-key", Confidence: probe.Certain, Explains: "sigv4", CauseSure: probe.Likely}}},
		},
		{
			name: "evidence speaks for one of the layer's causes",
			results: []probe.Result{speaking(refusedBy(probe.Likely, probe.Candidate{Layer: denied.Layer}, probe.Candidate{Layer: denied.Layer, Cause: "iam-implicit-deny"}, denied),
				noStage, probe.Candidate{Layer: denied.Layer, Cause: "of another time"}, denied)},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: denied.Layer, Cause: denied.Cause, Confidence: probe.Likely, Explains: "sigv4"}}},
		},
		{
			name:    "and not for one of another layer",
			results: []probe.Result{speaking(refusedBy(probe.Likely, probe.Candidate{Layer: probe.APIKeyLayer}, noKey, probe.Candidate{Layer: probe.APIKeyLayer, Cause: "disabled-api-key"}, denied), denied)},
			want:    said{Outcome: Diagnosed, Findings: []about{{Layer: probe.APIKeyLayer, Confidence: probe.Likely, Explains: "sigv4", FixFor: noKey.Cause}}},
		},
		{
			name: "a check that is fine excludes one of two causes",
			change: checked(
				evidence.Check{Name: "identity sources of authorizer z", Outcome: evidence.Fine, Text: "the request bears them", Layer: probe.LambdaAuthorizer},
				evidence.Check{Name: "permission to invoke the integration f", Outcome: evidence.Fine, Text: "it may", Layer: probe.Integration},
			),
			results: []probe.Result{refusedBy(probe.Certain, probe.Candidate{Layer: probe.LambdaAuthorizer},
				probe.Candidate{Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-unauthorized"},
				probe.Candidate{Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-missing-identity-source"})},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-unauthorized", Confidence: probe.Certain, Explains: "sigv4", CauseSure: probe.Likely}}},
		},
		{
			name:   "and not where several are left",
			change: checked(evidence.Check{Name: "permission to invoke the integration f", Outcome: evidence.Fine, Text: "it may", Layer: probe.Integration}),
			results: []probe.Result{refusedBy(probe.Certain, probe.Candidate{Layer: probe.Integration},
				probe.Candidate{Layer: probe.Integration, Cause: "lambda-permission-missing"},
				probe.Candidate{Layer: probe.Integration, Cause: "lambda-throttled"}, probe.Candidate{Layer: probe.Integration, Cause: "integration-failure"})},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: probe.Integration, Confidence: probe.Certain, Explains: "sigv4", FixFor: "lambda-throttled"}}},
		},
		{
			name: "a page stands in place of what refused",
			results: []probe.Result{passed, result("unsigned", probe.Fail, probe.WrongResponse, attributed(probe.Likely, unsigned), func(r *probe.Result) {
				r.Observed = &probe.Observation{Status: 200}
			})},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: probe.Edge, Cause: "cloudfront-error-page-masks-origin", Confidence: probe.Likely, Explains: "unsigned"}}},
		},
		{
			name: "an answer of the gateway's own with another status is its layer's",
			results: []probe.Result{passed, result("unsigned", probe.Fail, probe.WrongResponse, attributed(probe.Likely, unsigned), func(r *probe.Result) {
				r.Observed = &probe.Observation{Status: 404, ExtendedRequestID: "hTxF="}
			})},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: unsigned.Layer, Cause: unsigned.Cause, Confidence: probe.Likely, Explains: "unsigned"}}},
		},
		{
			name: "a check that is wrong points to a cause, one that is not does not",
			change: checked(
				evidence.Check{Name: "permission", Outcome: evidence.Unseen, Text: "not seen", Layer: probe.Stage, Cause: "not-deployed"},
				evidence.Check{Name: "identity sources", Outcome: evidence.Wrong, Text: "X-Token is missing", Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-missing-identity-source"},
				evidence.Check{Name: "DNS elsewhere.example.com", Outcome: evidence.Wrong, Text: "no such name", Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-failure"},
			),
			results: []probe.Result{refusedBy(probe.Likely, probe.Candidate{Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-unauthorized"}, noStage)},
			want: said{
				Outcome:  Diagnosed,
				Findings: []about{{Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-missing-identity-source", Confidence: probe.Likely, Explains: "sigv4"}},
				Remarks:  []string{"DNS elsewhere.example.com: no such name"}, Unseen: []string{"permission: not seen"},
			},
		},
		{
			name: "of several pointers, one to a cause that the answer leaves",
			change: both(checked(evidence.Check{Name: "log", Outcome: evidence.Wrong, Text: "errors", Layer: probe.APIKeyLayer, Cause: "invalid-api-key"}),
				finds("key-disabled", "usage plan p1 has API keys that are disabled: k1")),
			results: []probe.Result{refusedBy(probe.Ambiguous, noKey, noStage, probe.Candidate{Layer: probe.APIKeyLayer, Cause: "disabled-api-key"})},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: probe.APIKeyLayer, Cause: "disabled-api-key", Confidence: probe.Likely, Explains: "sigv4"}},
				Remarks: []string{"log: errors"}},
		},
		{
			name: "an open gate comes before what is inconclusive",
			results: []probe.Result{
				passed, result("presigned", probe.Inconclusive, probe.KindAmbiguous, attributed(probe.Ambiguous, noStage, noKey)),
				result("outsider", probe.Inconclusive, probe.KindAmbiguous, attributed(probe.Ambiguous, noStage, noKey)),
				result("missing-api-key", probe.Fail, probe.Open, attributed(probe.Certain, accepted), refusing(probe.APIKeyLayer)),
			},
			want: said{Outcome: Diagnosed, Findings: []about{
				{Layer: probe.APIKeyLayer, Open: true, Confidence: probe.Certain, Explains: "missing-api-key"},
				{Layer: noStage.Layer, Cause: noStage.Cause, Confidence: probe.Ambiguous, Explains: "presigned, outsider", FixFor: noStage.Cause},
			}},
		},
		{
			name: "what leads nowhere may be refused by any layer",
			results: []probe.Result{passed, result("unknown-resource", probe.Inconclusive, probe.KindAmbiguous, attributed(probe.Ambiguous, noStage, noKey),
				func(r *probe.Result) { r.ScenarioKind = probe.Routing })},
			want: said{Outcome: Healthy, Unseen: []string{"which layer refused unknown-resource through custom-domain:api.example.com/shop: stage, api-key"}},
		},
		{
			name: "one way in that works does not excuse the other",
			results: []probe.Result{
				passed, shut, result("sigv4", probe.Fail, probe.Blocked, attributed(probe.Likely, noKey), control, onDefault),
				result("unsigned", probe.Inconclusive, probe.KindControlFailed, attributed(probe.Likely, noKey), onDefault),
			},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: noKey.Layer, Cause: noKey.Cause, Confidence: probe.Likely, Explains: "sigv4, unsigned"}}},
		},
		{
			name: "what the run stopped for had let the control pass",
			change: func(in *Input) {
				in.Report.Extra = []probe.Result{result("sigv4|control-at-last-1", "", "", attributed(probe.Likely, noKey, blocked), control)}
				in.Report.Extra[0].Scenario = "control-at-last:sigv4"
			},
			results: []probe.Result{passed, result("presigned", probe.Inconclusive, probe.KindStopped, probe.Attribution{}, func(r *probe.Result) { r.Attribution = nil })},
			want:    said{Outcome: Diagnosed, Findings: []about{{Layer: blocked.Layer, Cause: blocked.Cause, Confidence: probe.Likely, Explains: "presigned"}}},
		},
		{
			name: "what has no cause of its own joins what has one, whichever comes first",
			results: []probe.Result{
				result("presigned", probe.Fail, probe.WrongLayer, attributed(probe.Likely, probe.Candidate{Layer: probe.APIKeyLayer}, noKey)),
				result("unsigned", probe.Fail, probe.WrongLayer, attributed(probe.Likely, noKey)), passed,
			},
			want: said{Outcome: Diagnosed, Findings: []about{{Layer: noKey.Layer, Cause: noKey.Cause, Confidence: probe.Likely, Explains: "unsigned, presigned"}}},
		},
		{
			name: "no known shape", results: []probe.Result{refusedBy(probe.UnknownConfidence)},
			want: said{Outcome: Inconclusive, Findings: []about{{Confidence: probe.UnknownConfidence, Explains: "sigv4"}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := diagnosisOf(c.change, c.results...)
			got := said{Outcome: d.Outcome}
			if len(d.Remarks) > 0 {
				got.Remarks = d.Remarks
			}
			if len(d.Unseen) > 0 {
				got.Unseen = d.Unseen
			}
			for _, f := range d.Findings {
				one := about{Layer: f.Layer, Cause: f.Cause, Open: f.Open, Confidence: f.Confidence, Explains: scenarios(f.Explains), FixFor: f.FixFor}
				if f.CauseConfidence != f.Confidence && f.Cause != "" {
					one.CauseSure = f.CauseConfidence
				}
				got.Findings = append(got.Findings, one)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("diagnosis (-want +got):\n%s", diff)
			}
		})
	}
}

// speaking adds evidence that speaks for causes.
func speaking(res probe.Result, cs ...probe.Candidate) probe.Result {
	res.Evidence = append(res.Evidence, probe.Evidence{Text: "simulation", Grade: probe.Inferred, Causes: cs})
	return res
}

// golden are three diagnoses, in every format.
var golden = map[string]Diagnosis{
	"healthy": diagnosisOf(finds("logging", `stage "prod" writes no access log: no answer can be looked up there`), passed, shut),
	"denied": diagnosisOf(func(in *Input) {
		in.Checks = []evidence.Check{
			{Name: "DNS api.example.com", Outcome: evidence.Fine, Text: "203.0.113.7"},
			{Name: "test-invoke-method GET /orders/{id}", Outcome: evidence.Fine, Text: "the method answers 200", Skips: []probe.Layer{probe.WAF, probe.IAMAuthorization}},
			{Name: "simulation", Outcome: evidence.Wrong, Text: "explicitDeny", Layer: probe.IAMAuthorization, Cause: denied.Cause},
		}
		in.Notes = []string{"account: not seen: usage plans: apigateway:GET on arn:aws:apigateway:eu-west-1::/usageplans is not allowed"}
	},
		result("sigv4", probe.Fail, probe.Blocked, probe.Attribution{
			Layer: denied.Layer, Cause: denied.Cause, Confidence: probe.Certain, Candidates: []probe.Candidate{denied},
			Because:  []string{"backend: the answer names the API, method and path of this request", "route: the access log says so"},
			Evidence: []string{"access log: authorize.status is 403"},
		}, control, answered(403, "AccessDeniedException", "User: arn:aws:sts::444455556666:assumed-role/caller/probe is not authorized \x1b[31m| <b>")),
		unreached("presigned"), unreached("outsider"), shut),
	"ambiguous": diagnosisOf(nil, refusedBy(probe.Ambiguous, noStage, noMapping, blocked), unreached("unsigned"),
		result("missing-api-key", probe.Fail, probe.Open, attributed(probe.Certain, accepted), onDefault, refusing(probe.APIKeyLayer), answered(200, "", ""))),
}

func TestFormats(t *testing.T) {
	for name, d := range golden {
		for _, f := range Formats() {
			t.Run(name+" "+f.Name, func(t *testing.T) {
				var b strings.Builder
				if err := f.Write(&b, d, report.Options{}); err != nil {
					t.Fatal(err)
				}
				if strings.ContainsAny(b.String(), "\x1b\x00") {
					t.Error("got control characters, want none")
				}
				file := filepath.Join("testdata", name+"."+f.Name)
				if *update {
					if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			})
		}
	}
}

// An HTTP API has no log of why mutual TLS refuses; the way round that is told, with its undo, and never for others.
func TestDetour(t *testing.T) {
	untrusted := probe.Candidate{Layer: probe.TLS, Cause: "mtls-untrusted-cert"}
	for _, c := range []struct {
		name string
		kind probe.APIType
		by   probe.Candidate
		want bool
	}{
		{"an HTTP API behind mutual TLS", probe.HTTP, untrusted, true},
		{"a REST API has a log", probe.REST, untrusted, false},
		{"another layer", probe.HTTP, noKey, false},
	} {
		d := diagnosisOf(func(in *Input) {
			in.API.Type = c.kind
			in.API.Domains = []probe.CustomDomain{{Host: "api.example.com", BasePath: "shop", ClientCertificate: &tls.Certificate{}}}
		}, refusedBy(probe.Likely, c.by))
		var code strings.Builder
		for _, s := range d.Detour {
			code.WriteString(s.Code + "\n")
		}
		if got := len(d.Detour) > 0; got != c.want {
			t.Errorf("%s: got a detour: %t, want %t", c.name, got, c.want)
		}
		if !c.want {
			continue
		}
		checkShell(t, c.name, code.String())
		for _, want := range []string{"create-api-mapping", "delete-api-mapping", "create-rest-api", "delete-rest-api", "--domain-name api.example.com"} {
			if !strings.Contains(code.String(), want) {
				t.Errorf("%s: got no %s in %s", c.name, want, code.String())
			}
		}
	}
}
