package capture

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"apigwprobe/probe"
)

// accessLog is one entry of an access log: variables to what they hold.
type accessLog struct {
	held    map[string]string
	empty   map[string]bool // variables that hold nothing
	remarks []string
}

// newAccessLog reads an entry; it reports false if no key of it is known.
func newAccessLog(fields map[string]any, f LogFormat) (accessLog, bool) {
	a := accessLog{held: make(map[string]string), empty: make(map[string]bool)}
	var paths []string
	flatten("", fields, func(path, value string) {
		paths = append(paths, path)
		switch name := f.variable(path); {
		case name == "":
		case value == "" || value == "-":
			a.empty[name] = true
		default:
			a.held[name] = value
		}
	})
	a.remarks = f.remarks(paths)
	return a, len(a.held) > 0
}

// status is a status, or 0.
func (a accessLog) status(name string) int {
	n, err := strconv.Atoi(a.held[name])
	if err != nil || n < 100 || n > 599 {
		return 0
	}
	return n
}

func (a accessLog) transcript() probe.Transcript {
	message := a.held["error.message"]
	if quoted := a.held["error.messageString"]; message == "" && quoted != "" {
		message = cmp.Or(unquote(quoted), quoted)
	}
	t := probe.Transcript{
		Log: true, API: a.held["apiId"], APIType: a.kind(), RequestID: a.held["requestId"], ExtendedRequestID: a.held["extendedRequestId"],
		Status: a.status("status"), HTTP: a.held["protocol"], Message: message, Method: a.held["httpMethod"], Route: cmp.Or(a.held["routeKey"], a.held["resourcePath"]),
	}
	if domain, path := a.held["domainName"], a.held["path"]; domain != "" && strings.HasPrefix(path, "/") {
		t.URL = "https://" + domain + path
	}
	if ms, err := strconv.ParseInt(a.held["requestTimeEpoch"], 10, 64); err == nil {
		t.At = time.UnixMilli(ms).UTC()
	} else if at, err := time.Parse("02/Jan/2006:15:04:05 -0700", a.held["requestTime"]); err == nil {
		t.At = at.UTC()
	}
	t.Evidence = a.evidence()
	return t
}

func unquote(s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		return ""
	}
	return text
}

// evidence is what the variables say, from the first phase to the last.
func (a accessLog) evidence() []probe.Evidence {
	var out []probe.Evidence
	says := func(g probe.Grade, left []probe.Candidate, passed []probe.Layer, name, reading string) {
		text := fmt.Sprintf("access log: %s is %s", name, short(a.held[name]))
		if reading != "" {
			text += ": " + reading
		}
		out = append(out, probe.Evidence{Text: text, Grade: g, Candidates: left, Passed: passed})
	}
	for _, remark := range a.remarks {
		out = append(out, probe.Evidence{Text: "access log: " + remark})
	}
	out = append(out, probe.Evidence{
		Text: "access log: the entry is one of a stage, so that the host led to it", Grade: probe.Inferred, Passed: beforeLogs,
	})
	if a.held["resourcePath"] != "" {
		says(probe.Inferred, nil, []probe.Layer{probe.RouteLayer}, "resourcePath", "a method took it")
	}
	out = append(out, a.nothing()...)
	out = append(out, a.ofKind()...)
	if r, ok := responseTypes[a.held["error.responseType"]]; ok {
		says(probe.Documented, a.possible(r.left), nil, "error.responseType", r.reading)
	} else if a.held["error.responseType"] != "" {
		says(probe.Inferred, nil, nil, "error.responseType", "")
	}
	switch a.held["wafResponseCode"] {
	case "WAF_BLOCK":
		says(probe.Documented, only(probe.WAF), nil, "wafResponseCode", "the web ACL blocked it")
	case "WAF_ALLOW":
		says(probe.Documented, nil, []probe.Layer{probe.WAF}, "wafResponseCode", "the web ACL let it pass")
	}
	if a.held["error.validationErrorString"] != "" {
		out = append(out, probe.Evidence{
			Text: "access log: error.validationErrorString is set: request validation refused it", Grade: probe.Documented,
			Candidates: only(probe.RequestValidation),
		})
	}
	for _, p := range phases {
		if status := a.status(p.name); status >= 400 && p.refused != nil {
			says(probe.Inferred, p.refused(a), nil, p.name, p.refusal)
		} else if status >= 200 && status < 300 && p.passed != nil {
			says(probe.Inferred, nil, p.passed, p.name, "this phase let it pass")
		}
	}
	if a.status("integration.status") != 0 {
		says(probe.Documented, only(probe.Integration, probe.Backend, probe.None), nil, "integration.status", "the integration was called and returned this")
		if status := a.status("integration.status"); status >= 400 && status == a.status("status") {
			says(probe.Inferred, only(probe.Backend), nil, "integration.status", "the status of the answer is that of the integration")
		}
	}
	if a.held["authorizer.integrationStatus"] != "" {
		says(probe.Inferred, nil, nil, "authorizer.integrationStatus", "that is the call to the authorizer's function, not its decision")
	}
	for _, name := range []string{"waf.error", "authenticate.error", "authorizer.error", "authorize.error", "integration.error", "integrationErrorMessage"} {
		if a.held[name] != "" {
			left, reading := a.failed(name)
			says(probe.Inferred, left, nil, name, reading)
		}
	}
	return out
}

// short is as much of a text as is shown.
func short(text string) string {
	if r := []rune(text); len(r) > textShown {
		return string(r[:textShown]) + "…"
	}
	return text
}

const textShown = 300

// beforeLogs are layers that refuse before a stage is known that could log it.
var beforeLogs = []probe.Layer{probe.Network, probe.Edge, probe.Domain, probe.Stage}

func only(layers ...probe.Layer) []probe.Candidate {
	out := make([]probe.Candidate, len(layers))
	for i, l := range layers {
		out[i].Layer = l
	}
	return out
}

// because is one cause of a layer.
func because(l probe.Layer, c probe.Cause) []probe.Candidate {
	return []probe.Candidate{{Layer: l, Cause: c}}
}

// responseTypes are the types of gateway responses and who gives them (developer guide, supported-gateway-response-types).
// That a signature is checked on paths that no route takes, too, is recorded.
var responseTypes = map[string]struct {
	left    []probe.Candidate
	reading string
}{
	"ACCESS_DENIED": {
		only(probe.LambdaAuthorizer, probe.IAMAuthorization, probe.ResourcePolicy, probe.CognitoAuthorizer, probe.JWTAuthorizer, probe.EndpointPolicy, probe.RouteLayer),
		"an authorizer, IAM or a policy denied it",
	},
	"API_CONFIGURATION_ERROR":        {only(probe.Integration), "the API is configured wrongly"},
	"AUTHORIZER_CONFIGURATION_ERROR": {only(probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer), "the authorizer could not be called, or its answer not be read"},
	"AUTHORIZER_FAILURE":             {only(probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer), "the authorizer failed"},
	"BAD_REQUEST_PARAMETERS":         {because(probe.RequestValidation, "bad-request-parameters"), "request validation refused the parameters"},
	"BAD_REQUEST_BODY":               {because(probe.RequestValidation, "bad-request-body"), "request validation refused the body"},
	"EXPIRED_TOKEN":                  {only(probe.IAMAuthentication, probe.RouteLayer, probe.EndpointPolicy), "the session token has expired"},
	"INTEGRATION_FAILURE":            {only(probe.Integration), "the integration failed"},
	"INTEGRATION_TIMEOUT":            {because(probe.Integration, "integration-timeout"), "the integration timed out"},
	"INVALID_API_KEY":                {only(probe.APIKeyLayer), "no valid API key came"},
	"INVALID_SIGNATURE":              {only(probe.IAMAuthentication, probe.RouteLayer, probe.EndpointPolicy), "the signature is not valid"},
	"MISSING_AUTHENTICATION_TOKEN":   {only(probe.IAMAuthentication, probe.RouteLayer, probe.Domain, probe.EndpointPolicy), "no signature came, or no route takes the request"},
	"QUOTA_EXCEEDED":                 {because(probe.UsagePlan, "quota-exceeded"), "the quota is used up"},
	"THROTTLED":                      {because(probe.UsagePlan, "throttled"), "too many requests"},
	"REQUEST_TOO_LARGE":              {only(probe.RequestValidation, probe.Integration), "the request is too large"},
	"RESOURCE_NOT_FOUND":             {only(probe.RouteLayer), "no route takes the request"},
	"UNAUTHORIZED":                   {only(probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer), "the authorizer could not authenticate the caller"},
	"UNSUPPORTED_MEDIA_TYPE":         {because(probe.RequestValidation, "unsupported-media-type"), "the media type is not supported"},
	"WAF_FILTERED":                   {only(probe.WAF), "the web ACL blocked it"},
}

// phases are the statuses of the phases of REST and WebSocket APIs. That they are read so is nowhere documented in full:
// they make an attribution likely.
var phases = []struct {
	name    string
	refused func(a accessLog) []probe.Candidate
	refusal string
	passed  []probe.Layer
}{
	{"waf.status", func(accessLog) []probe.Candidate { return only(probe.WAF) }, "the web ACL refused it", []probe.Layer{probe.WAF}},
	{"authenticate.status", func(a accessLog) []probe.Candidate {
		if a.held["resourcePath"] != "" {
			return only(probe.IAMAuthentication)
		}
		return only(probe.IAMAuthentication, probe.RouteLayer) // a signature is checked where no route is, too
	}, "the signature or its credentials were refused", []probe.Layer{probe.IAMAuthentication}},
	{"authorizer.status", func(a accessLog) []probe.Candidate {
		return a.possible(only(probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer))
	}, "the authorizer refused it, or failed", nil},
	{"authorize.status", func(a accessLog) []probe.Candidate {
		// What the authorizer's policy says is evaluated in this phase, as are identity and resource policies.
		switch {
		case a.status("authenticate.status") == 200:
			return only(probe.IAMAuthorization, probe.ResourcePolicy, probe.EndpointPolicy)
		case a.held["authorizer.integrationStatus"] != "": // a function was called
			return only(probe.LambdaAuthorizer, probe.ResourcePolicy, probe.EndpointPolicy)
		case a.status("authorizer.status") == 200:
			return only(probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.ResourcePolicy, probe.EndpointPolicy)
		}
		return only(probe.LambdaAuthorizer, probe.IAMAuthorization, probe.ResourcePolicy, probe.CognitoAuthorizer, probe.EndpointPolicy)
	}, "a policy denied it", []probe.Layer{probe.IAMAuthorization, probe.ResourcePolicy, probe.LambdaAuthorizer, probe.CognitoAuthorizer}},
}
