package probe

import (
	"regexp"
	"slices"
	"strings"
)

// fingerprint is a known shape of an answer and everything that can produce it. The first row of the table that
// matches holds.
type fingerprint struct {
	name       string
	grade      Grade
	source     string   // where the shape is known from; for recorded rows the ids of vectors
	errorTypes []string // values of x-amzn-ErrorType; nil: any
	statuses   []int    // nil: any
	message    *regexp.Regexp
	// bare is what the message must be where the headers of the answer are not known, as in many transcripts; nil: as
	// message. A row with error types and without both never matches such an answer.
	bare       *regexp.Regexp
	when       func(x *exchange) bool
	candidates []possibility
	// behind are gates that this text shows to be behind the request, although no order is known.
	behind []Layer
	// explain says what the answer tells of how the request arrived; nil: nothing.
	explain func(x *exchange) string
	// byText says that the headers are missing which show that the gateway answered: its text ranks the candidates.
	byText bool
	// atMost is why the row alone can never be certain; empty: it can.
	atMost string
}

// possibility is a candidate, and the conditions under which it is one.
type possibility struct {
	Candidate
	conditions []condition
}

func maybe(l Layer, c Cause, conditions ...condition) possibility {
	return possibility{Candidate{l, c}, conditions}
}

// matches reports whether the row describes the answer.
func (f *fingerprint) matches(x *exchange) bool {
	o := x.obs
	message := f.message
	if f.errorTypes != nil {
		if o.ErrorType == "" && !o.HeadersComplete {
			if f.bare != nil {
				message = f.bare
			}
			if message == nil || o.fullMessage() == "" {
				return false
			}
		} else if !slices.Contains(f.errorTypes, o.ErrorType) {
			return false
		}
	}
	// A transcript may lack the status; then the message has to carry the row.
	if f.statuses != nil && !slices.Contains(f.statuses, o.Status) && (o.Status != 0 || message == nil) {
		return false
	}
	if message != nil && !message.MatchString(o.fullMessage()) {
		return false
	}
	return f.when == nil || f.when(x)
}

// worded returns the layers that word what the answer says, whatever its headers are.
func worded(x *exchange) []Layer {
	for _, f := range fingerprints {
		text := f.message
		if text == nil {
			text = f.bare
		}
		if text == nil || !text.MatchString(x.obs.fullMessage()) {
			continue
		}
		var out []Layer
		for _, p := range f.candidates {
			out = append(out, p.Layer)
		}
		return out
	}
	return nil
}

// fingerprintOf returns the row that describes the answer, or nil.
func fingerprintOf(x *exchange) *fingerprint {
	named := fingerprints
	if x.api == HTTP {
		named = httpFingerprints
	}
	for _, table := range [][]fingerprint{socketFingerprints, named, elsewhere, excerpts} {
		for i := range table {
			if table[i].matches(x) {
				return &table[i]
			}
		}
	}
	return nil
}

// signature is the row of one fault of a SigV4 signature. An unmatched path goes through the same check.
func signature(name string, grade Grade, source, message string, cause Cause, types ...string) fingerprint {
	var text *regexp.Regexp
	if message != "" {
		text = regexp.MustCompile(message)
	}
	return fingerprint{
		name: name, grade: grade, source: source, errorTypes: types, message: text,
		candidates: []possibility{
			maybe(IAMAuthentication, cause, ifSigned),
			maybe(RouteLayer, "auth-header-on-unknown-path", ifSigned, ifSignedWrong),
			maybe(EndpointPolicy, "vpce-policy-authorization", ifVPCEndpoint, ifSigned),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	}
}

// explained adds what the answer tells of how the request arrived.
func (f fingerprint) explained(by func(*exchange) string) fingerprint {
	f.explain = by
	return f
}

// policy is the row of a policy denial that names the type of the policy.
func policy(name string, grade Grade, source, message string, l Layer, c Cause) fingerprint {
	return fingerprint{
		name: name, grade: grade, source: source, errorTypes: []string{accessDenied},
		message: regexp.MustCompile(message),
		candidates: []possibility{
			maybe(l, c), maybe(RouteLayer, "no-such-resource", ifCallerNamed, ifAddressChanged), maybe(Backend, "backend-error", ifARNForeign),
		},
	}
}

// remapped reports whether a header shows that the integration answered.
func remapped(o *Observation) bool {
	for name := range o.Headers {
		if strings.HasPrefix(name, "x-amzn-remapped-") {
			return true
		}
	}
	return slices.ContainsFunc(o.HeaderNames, func(n string) bool { return strings.HasPrefix(n, "x-amzn-remapped-") })
}

var ifNoGatewayID = condition{
	holds: func(x *exchange) bool { return x.obs.GatewayID() == "" }, sound: always,
	because: "the answer bears the gateway's id",
}

var quotedScope = regexp.MustCompile(`(valid [Rr]egion, not|correct service:) '([^']*)'`)
var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// foreignScope reports whether a scope message quotes a service or region that a signature for API Gateway cannot
// have been refused for.
func foreignScope(x *exchange) bool {
	for _, m := range quotedScope.FindAllStringSubmatch(x.obs.fullMessage(), -1) {
		if m[1] == "correct service:" && m[2] != "execute-api" || m[1] != "correct service:" && !regionName.MatchString(m[2]) {
			return true
		}
	}
	return false
}
