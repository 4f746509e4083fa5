package sandbox

import (
	_ "embed"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/recorded.jsonl
var recordedJSONL []byte

// recording is what was published of one real answer. Zero fields are unknown.
type recording struct {
	ID, Source, Certainty string
	APIType               string `json:"api_type"` // "": REST
	Layer, Cause, Method  string
	Status                int
	ErrorType             string  `json:"error_type"`
	Key, Message          string  `json:",omitempty"`
	AfterColon            *string `json:"after_colon"`
	Trace                 string  // present, absent
	LineBreaks            string  `json:"line_breaks"` // raw, escaped
	ContentLength         string  `json:"content_length"`
	ContentType           string  `json:"content_type"`
	XCache                string  `json:"x_cache"`
	Challenge             string  `json:"www_authenticate"`
	AllowOrigin           string  `json:"allow_origin"`
	Server                string
}

// provocations make the sandbox refuse for a cause. They may change the world
// first, which serves an EDGE API where the recording was of one.
var provocations = map[string]func(m *Model) *http.Request{
	"unsigned-to-iam": func(*Model) *http.Request { return get("/prod/iam") },
	"incomplete-authorization-header": func(*Model) *http.Request {
		return get("/prod/iam", "Authorization: Bearer abc")
	},
	"signature-expired": func(*Model) *http.Request {
		return signing{at: noon.Add(-10 * time.Minute)}.sign(get("/prod/iam"), caller())
	},
	"signature-mismatch": func(*Model) *http.Request {
		return signing{secret: "another"}.sign(get("/prod/iam"), caller())
	},
	"credential-scope-wrong-region": func(*Model) *http.Request {
		return signing{region: "us-east-1"}.sign(get("/prod/iam"), caller())
	},
	"credential-scope-wrong-service": func(*Model) *http.Request {
		return signing{region: "us-east-1", service: "s3"}.sign(get("/prod/iam"), caller())
	},
	"expired-session-token": func(m *Model) *http.Request { return signed(get("/prod/iam"), &m.Principals[2]) },
	"iam-implicit-deny":     func(m *Model) *http.Request { return signed(get("/prod/iam"), &m.Principals[3]) },
	"resource-policy-implicit-deny": func(m *Model) *http.Request {
		m.APIs[0].ResourcePolicy = Policy{{Effect: Allow, Principal: []string{account}}}
		return get("/prod/open")
	},
	"resource-policy-explicit-deny": func(m *Model) *http.Request {
		m.APIs[0].ResourcePolicy = Policy{{Effect: Deny, Principal: []string{"*"}}}
		return get("/prod/open")
	},
	"no-such-resource": func(*Model) *http.Request { return get("/prod/nothing") },
	"wrong-method":     func(*Model) *http.Request { return request("PUT", "/prod/iam") },
	"cors-preflight-unrouted": func(*Model) *http.Request {
		return request("OPTIONS", "/prod/iam", "Access-Control-Request-Method: GET")
	},
	"auth-header-on-unknown-path": func(*Model) *http.Request {
		return get("/prod/nothing", "Authorization: Bearer abc")
	},
	"unknown-stage": func(*Model) *http.Request { return get("/nothing/iam") },
	"waf-blocked": func(m *Model) *http.Request {
		m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFAll}}
		return get("/prod/open")
	},
	"missing-api-key":           func(*Model) *http.Request { return get("/prod/keyed") },
	"invalid-api-key":           func(*Model) *http.Request { return get("/prod/keyed", "x-api-key: nobody's") },
	"disabled-api-key":          func(*Model) *http.Request { return get("/prod/keyed", "x-api-key: a-key-that-is-disabled") },
	"api-key-not-in-usage-plan": func(*Model) *http.Request { return get("/prod/keyed", "x-api-key: a-key-that-is-in-no-plan") },
	"throttled": func(m *Model) *http.Request {
		m.Plans[0].Rate, m.Plans[0].Burst = 0, 1
		return get("/prod/keyed", "x-api-key: "+goodKey)
	},
	"quota-exceeded": func(m *Model) *http.Request {
		m.Plans[0].Quota = 1
		return get("/prod/keyed", "x-api-key: "+goodKey)
	},
	"lambda-permission-missing":       failing(PermissionMissing),
	"malformed-lambda-proxy-response": failing(Malformed),
	"integration-timeout":             failing(Timeout),
	"request-too-large": func(*Model) *http.Request {
		r := request("POST", "/prod/open")
		r.ContentLength = maxBody + 1
		return r
	},
}

func failing(kind BackendKind) func(*Model) *http.Request {
	return func(m *Model) *http.Request {
		m.APIs[0].Routes[1].Backend.Kind = kind
		return get("/prod/open")
	}
}

func TestRecorded(t *testing.T) {
	for _, rec := range readLines[recording](t, recordedJSONL) {
		t.Run(rec.ID, func(t *testing.T) {
			cause := rec.Cause
			if strings.Contains(rec.Message, "correct service") {
				cause = "credential-scope-wrong-service" // with the wrong region in the same answer
			}
			if rec.APIType != "" {
				cause = rec.APIType + " " + cause
			}
			if rec.Layer == "integration" && cause == "request-too-large" { // request-validation has that, too
				cause = "too-large-for-function"
			}
			provoke := provocations[cause]
			if provoke == nil {
				t.Fatalf("nothing provokes %q", cause)
			}
			m := world()
			r := provoke(&m)
			if rec.XCache != "" {
				m.APIs[0].Endpoint = Edge
			}
			rec.suit(&m, r)
			rec.suitValidator(&m)
			if rec.Layer == "waf" && rec.Status != http.StatusForbidden { // a custom response of the rule
				m.APIs[0].Stages[0].WebACL[0].Status = rec.Status
			}
			if rec.Layer == "resource-policy" && strings.Contains(rec.Message, "{user}") {
				r = signed(get("/prod/iam"), caller())
			}
			if rec.Method != "" {
				r.Method = rec.Method
			}
			m.Switches.OldPolicyWording = !strings.Contains(rec.Message, "-based policy")
			m.Switches.OldParserWording = strings.Contains(rec.Message, "{header}")
			m.Switches.EscapedLineBreaks = rec.LineBreaks == "escaped"
			if strings.Contains(rec.Message, "requires 'Credential'") {
				r.Header.Set("Authorization", "Basic xxx=")
			}
			g := gateway(t, m)
			if rec.Layer == "usage-plan" && rec.APIType == "" {
				ask(t, g, r) // uses up what the plan allows
			}
			if diff := cmp.Diff(rec, observed(ask(t, g, r), rec)); diff != "" {
				t.Errorf("(-recorded +sandbox):\n%s", diff)
			}
		})
	}
}

var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`User: arn:\S+ is not`), "User: {user} is not"},
	{regexp.MustCompile(`arn:aws:execute-api:[a-z0-9-]+:\*{8}\d{4}:\S+`), "{resource}"},
	{regexp.MustCompile(`\d{8}T\d{6}Z`), "{time}"},
	{regexp.MustCompile(`'[A-Za-z0-9+/]{43}='`), "'{digest}'"},
	{regexp.MustCompile(` Authorization=.*$`), " Authorization={header}"},
	{regexp.MustCompile(`'[^']+'( not a valid .*: )'.*'\.`), "{part}$1'{header}'"}, // published without the outer marks
}

var nonEmptyScope = regexp.MustCompile(`scope="[^"]+"`)

// observed is the sandbox's answer as a recording, as far as the recorded one
// goes.
func observed(res result, rec recording) recording {
	got := rec
	got.Layer, got.Cause = res.Layer, res.Cause
	if rec.Status != 0 {
		got.Status = res.Status
	}
	if rec.ErrorType != "" {
		got.ErrorType = res.ErrorType
	}
	if rec.Key != "" {
		got.Key = res.Key
	}
	if rec.LineBreaks != "" {
		got.LineBreaks = "raw"
		if strings.Contains(res.body, `\n`) {
			got.LineBreaks = "escaped"
		}
		res.Message = res.Message[:strings.Index(res.Message, "for details.")+len("for details.")]
	}
	if rec.Message != "" {
		got.Message = res.Message
		for _, v := range varying {
			got.Message = v.pattern.ReplaceAllString(got.Message, v.name)
		}
		if !strings.HasSuffix(rec.Message, " ") { // sources trim what they quote
			got.Message = strings.TrimSuffix(got.Message, " ")
		}
	}
	if rec.AfterColon != nil {
		got.AfterColon = &res.afterColon
	}
	if rec.Trace != "" {
		got.Trace = map[bool]string{true: "present", false: "absent"}[res.Trace]
	}
	if rec.ContentLength != "" {
		got.ContentLength = res.header.Get("Content-Length")
	}
	if rec.ContentType != "" {
		got.ContentType = res.header.Get("Content-Type")
	}
	if rec.Challenge != "" {
		got.Challenge = nonEmptyScope.ReplaceAllString(res.Challenge, `scope="{scopes}"`)
	}
	if rec.AllowOrigin != "" {
		got.AllowOrigin = res.header.Get("access-control-allow-origin")
	}
	if rec.XCache != "" {
		got.XCache = res.header.Get("X-Cache")
	}
	if rec.Server != "" {
		got.Server = res.header.Get("Server")
	}
	if n, err := strconv.Atoi(res.header.Get("Content-Length")); err != nil || n != len(res.body) {
		got.ContentLength = "wrong: " + res.header.Get("Content-Length")
	}
	return got
}
