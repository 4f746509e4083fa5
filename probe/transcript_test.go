package probe

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gatewayAnswer is a refusal of a REST API with all its headers.
func gatewayAnswer(errorType, id, body string) Transcript {
	return Transcript{
		Status: 403, HeadersComplete: true, Body: []byte(body),
		Header: http.Header{"X-Amzn-Errortype": {errorType}, "X-Amz-Apigw-Id": {id}, "X-Amzn-Requestid": {"r" + id}},
	}
}

func forbiddenAt(source, method, url string) Transcript {
	t := gatewayAnswer(forbidden, source, `{"message":"Forbidden"}`)
	t.Source, t.Method, t.URL = source, method, url
	return t
}

func TestExplain(t *testing.T) {
	const (
		orders = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders"
		policy = `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: ` +
			`arn:aws:execute-api:eu-west-1:********4690:a1b2c3d4e5/prod/GET/orders because no resource-based policy allows the execute-api:Invoke action"}`
	)
	accepted := Transcript{
		Source: "ok", Method: "GET", URL: orders, Status: 200, HeadersComplete: true, Header: http.Header{"X-Amz-Apigw-Id": {"ok"}},
	}
	named := gatewayAnswer(accessDenied, "named", policy)
	named.Source, named.Method, named.URL = "named", "GET", orders
	named.RequestHeader, named.RequestComplete = http.Header{}, true
	foreign := named
	foreign.Source, foreign.URL = "foreign", "https://f6g7h8i9j0.execute-api.eu-west-1.amazonaws.com/prod/orders"
	signed := gatewayAnswer(missingToken, "signed", `{"message":"Missing Authentication Token"}`)
	signed.Source, signed.Method, signed.URL = "signed", "GET", orders
	signed.RequestHeader, signed.RequestComplete = http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=x, Signature=0123456789abcdef"}}, true
	unknown := signed
	unknown.RequestHeader, unknown.RequestComplete = nil, false
	replayed := accepted
	replayed.Source = "replayed"
	cached := accepted
	cached.Cached = true
	log := Transcript{
		Source: "log", Log: true, Status: 403, RequestID: "rx", ExtendedRequestID: "x",
		Evidence: []Evidence{{Text: "the log says so", Grade: Documented, Candidates: []Candidate{{WAF, "waf-blocked"}}}},
	}
	told := log
	told.Evidence = []Evidence{{Text: "the log may say so", Grade: Inferred, Candidates: []Candidate{{Layer: LambdaAuthorizer}, {Layer: WAF}}}}
	other := log
	other.ExtendedRequestID = "y"

	socket := log // of a WebSocket API, whose two ids are one
	socket.RequestID = "x"

	keyed := func(t Transcript, key string) Transcript {
		t.RequestHeader, t.RequestComplete = http.Header{"X-Api-Key": {key}}, true
		return t
	}

	type conclusion struct {
		Layer      Layer
		Confidence Confidence
		Plausible  []Layer
		Evidence   []string
	}
	doors := []Layer{Domain, Stage, WAF, APIKeyLayer}
	none := []string{}
	for name, test := range map[string]struct {
		of   Transcript
		with []Transcript
		want conclusion
	}{
		"names itself":                            {named, nil, conclusion{ResourcePolicy, Certain, []Layer{ResourcePolicy}, none}},
		"names another API":                       {foreign, nil, conclusion{ResourcePolicy, Ambiguous, []Layer{ResourcePolicy, Backend}, none}},
		"shared by many":                          {forbiddenAt("x", "GET", orders), nil, conclusion{APIKeyLayer, Ambiguous, doors, none}},
		"a request got past":                      {forbiddenAt("x", "GET", orders), []Transcript{accepted}, conclusion{APIKeyLayer, Ambiguous, []Layer{WAF, APIKeyLayer}, none}},
		"a request to another host got past":      {forbiddenAt("x", "GET", "https://b"+orders[9:]), []Transcript{accepted}, conclusion{APIKeyLayer, Ambiguous, doors, none}},
		"signed":                                  {signed, nil, conclusion{IAMAuthentication, Ambiguous, []Layer{Domain, RouteLayer, IAMAuthentication}, none}},
		"nobody knows whether it was signed":      {unknown, nil, conclusion{IAMAuthentication, Ambiguous, []Layer{Domain, RouteLayer, IAMAuthentication}, none}},
		"the same key got past":                   {keyed(forbiddenAt("x", "GET", orders), "k1"), []Transcript{keyed(accepted, "k1")}, conclusion{WAF, Likely, []Layer{WAF}, none}},
		"a key that was taken out got past":       {keyed(forbiddenAt("x", "GET", orders), "[redacted]"), []Transcript{keyed(accepted, "[redacted]")}, conclusion{APIKeyLayer, Ambiguous, []Layer{WAF, APIKeyLayer}, none}},
		"accepted":                                {accepted, nil, conclusion{None, Likely, []Layer{None}, none}},
		"of the client's cache":                   {cached, nil, conclusion{Edge, Likely, []Layer{Edge}, none}},
		"of a cache":                              {replayed, []Transcript{accepted}, conclusion{Edge, Likely, []Layer{Edge}, none}},
		"a log":                                   {log, nil, conclusion{WAF, Certain, []Layer{WAF}, []string{"the log says so"}}},
		"a log that is hard to read":              {told, nil, conclusion{LambdaAuthorizer, Ambiguous, []Layer{WAF, LambdaAuthorizer}, []string{"the log may say so"}}},
		"with the log of its request":             {forbiddenAt("x", "GET", orders), []Transcript{log}, conclusion{WAF, Certain, []Layer{WAF}, []string{"the log says so"}}},
		"with the log of another, of the same id": {forbiddenAt("x", "GET", orders), []Transcript{other}, conclusion{APIKeyLayer, Ambiguous, doors, none}},
		"with the log of its extended id":         {forbiddenAt("x", "GET", orders), []Transcript{socket}, conclusion{WAF, Certain, []Layer{WAF}, []string{"the log says so"}}},
		"its log contradicts it":                  {named, []Transcript{func() Transcript { l := log; l.RequestID, l.ExtendedRequestID = "rnamed", ""; return l }()}, conclusion{ResourcePolicy, Ambiguous, []Layer{WAF, ResourcePolicy}, []string{"the log says so"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := Explain(append([]Transcript{test.of}, test.with...))[0].Attribution
			got := conclusion{a.Layer, a.Confidence, a.Plausible, a.Evidence}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("explaining (-want +got):\n%s\n%q", diff, a.Because)
			}
		})
	}
}

// TestNamesItself holds the list to the table.
func TestNamesItself(t *testing.T) {
	known := make(map[string]bool)
	for _, f := range slices.Concat(fingerprints, httpFingerprints, socketFingerprints, elsewhere) {
		known[f.name] = f.grade != Inferred
	}
	for _, name := range namesItself {
		if !known[name] {
			t.Errorf("fingerprint %q: got none of this name that is more than inferred, want one", name)
		}
	}
}
