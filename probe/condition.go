package probe

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// exchange is one request and its answer, with what the whole run showed of the API around it. Attribution works on
// it; req is nil where the request is not known.
type exchange struct {
	id   string
	c    Case
	req  *Request
	obs  *Observation
	own  bool // the case itself, and no extra request
	last bool // the control that was sent once more at the end
	recording

	api           APIType // the kind of API that the answer shows; "" if it shows none
	plainTaken    bool    // the host looked at a request that is no WebSocket handshake
	custom        bool    // the host is not a default execute-api host
	redirected    bool    // connect_to decided where it went
	proxied       bool    // a forward proxy stood between
	routeProven   bool    // the control of the route was accepted through some access
	routeRefused  bool    // the control of the route was sent, and accepted through no access
	typesTaken    bool    // what only the gateway words comes without its error type
	typesSeen     bool    // another answer of this access bears an error type
	doubted       []Layer // what may have refused the control of the route through this access
	deadEndsAlike bool    // an address that leads nowhere was answered the same, and the control was not
	accepted      bool    // the route took the request
	stale         bool    // the answer was made for another request
	echoless      bool    // others on this host echo our request id, this one did not
	imitation     string  // why the backend of the route may imitate the gateway's errors; empty: no sign of it
	unstable      string  // why siblings of this API and access prove nothing; empty: they do
	row           *fingerprint
	evidence      []Evidence
	cap           string // why the answer can be likely at most; empty: no such reason
}

// condition says whether a candidate is possible on an exchange.
type condition struct {
	// holds reports whether the candidate stays possible.
	holds func(x *exchange) bool
	// sound reports whether it is a proof if holds is false; otherwise it only makes the candidate less likely.
	sound func(x *exchange) bool
	// because says in words why the candidate is out.
	because string
	// reads is what of a request the condition looks at: one that others sent can be judged only by what is known of it.
	reads requestPart
}

// requestPart is how much of a request is known, or looked at.
type requestPart int

const (
	recipe      requestPart = iota // what a request was made of: ours only
	requestLine                    // method, host and path
	requestHead                    // all headers, too
)

// view is the exchange as far as c may judge it.
func (c condition) view(x *exchange) *exchange {
	if !x.recorded || x.req == nil || c.reads == requestLine || c.reads == requestHead && x.whole {
		return x
	}
	blind := *x
	blind.req = nil
	return &blind
}

func always(*exchange) bool { return true }
func never(*exchange) bool  { return false }

// transparent reports whether what was sent is what arrived: the default endpoint, no proxy, and no sign of anything
// between but AWS's own CloudFront. On a custom domain nothing tells AWS's CloudFront from the owner's.
func transparent(x *exchange) bool {
	if x.req == nil || x.recorded || x.custom || x.proxied {
		return false
	}
	if server := x.obs.Header("server"); server != "" && server != "Server" {
		return false
	}
	return !x.obs.Has("cf-ray") && !x.obs.Has("age")
}

// notPublic reports whether a VPC endpoint may stand in the way.
func notPublic(x *exchange) bool {
	if x.req == nil || x.c.API.EndpointType == EndpointPrivate || x.obs.Header("server") == "Server" {
		return true
	}
	return strings.Contains(x.req.name(), "vpce") || !publicAddress(x.obs.Remote)
}

// The conditions that fingerprints use.
var (
	// ifBackendImitates: a backend sends the gateway's own error headers only if it is itself an AWS front or copies
	// them on purpose.
	ifBackendImitates = condition{
		holds:   func(x *exchange) bool { return x.imitation != "" || !x.obs.HeadersComplete },
		sound:   always,
		because: "no sign that the backend passes on or imitates errors of the gateway (assuming an honest backend)",
	}
	// ifBackendSeen: that the control was refused is reason enough to doubt, not to suspect.
	ifBackendSeen = condition{
		holds: func(x *exchange) bool { return x.imitation != "" && x.imitation != refusedControl }, sound: never,
		because: "nothing but a refused control speaks for it",
	}
	// ifARNForeign: a policy text that quotes another method or API than ours was not said about our request.
	ifARNForeign = condition{
		holds:   func(x *exchange) bool { return !ownARN(x) },
		sound:   always,
		because: "the answer names the API, method and path of this request", reads: requestLine,
	}
	// ifCallerNamed: whether a signed caller without rights gets this text on a path that no route takes, too, is not
	// known. An unsigned one does not.
	ifCallerNamed = condition{
		holds: func(x *exchange) bool { return !strings.HasPrefix(x.obs.fullMessage(), "User: anonymous ") }, sound: always,
		because: "an anonymous caller gets another text on an unknown path",
	}
	// ifAddressChanged: a caller with rights would get 404 on a path that no route takes, and the route's own callers have
	// rights as a rule.
	ifAddressChanged = condition{
		holds: func(x *exchange) bool { return x.req != nil && (x.req.DeadEnd != "" || !ownMethod(x)) }, sound: never,
		because: "that a route is missing takes no rights away",
	}
	// ifSignedWrong: a right signature by a valid principal does not fail for the address that it was made for.
	ifSignedWrong = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.c.Control }, sound: never,
		because: "the request was signed as it should be, so that a missing route would have been answered otherwise",
	}
	ifImplicit = condition{
		holds: func(x *exchange) bool { return strings.Contains(x.obs.fullMessage(), "because no ") }, sound: always,
		because: "the text speaks of an explicit deny",
	}
	ifExplicit = condition{
		holds: func(x *exchange) bool { return strings.Contains(x.obs.fullMessage(), "explicit deny") }, sound: always,
		because: "the text speaks of no allow",
	}
	// A principal of the plan is there and gets as far as its rights; one that a scenario invented does not.
	ifOwnPrincipal = condition{
		holds: func(x *exchange) bool { return x.req == nil || ownPrincipal(x) }, sound: never,
		because: "no principal of the plan signed",
	}
	// Where a signature is wanted, one by nobody ends before policies; elsewhere nobody looks who signed.
	ifSignatureHolds = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.c.Route.Authorization != AuthIAM || ownPrincipal(x) }, sound: never,
		because: "no principal of the plan signed",
	}
	ifInventedPrincipal = condition{
		holds: func(x *exchange) bool { return x.req == nil || !ownPrincipal(x) }, sound: never,
		because: "declared: the principal is valid",
	}
	ifVPCEndpoint = condition{
		// What others recorded may show the address of a proxy.
		holds: notPublic, sound: func(x *exchange) bool { return !x.recorded },
		because: "the request went to a public endpoint", reads: requestLine,
	}
	ifCustomDomain = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.custom }, sound: always,
		because: "this exists on custom domains only", reads: requestLine,
	}
	ifDefaultHost = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.custom }, sound: always,
		because: "this exists on the default endpoint only", reads: requestLine,
	}
	ifDoor = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.c.Scenario.Door }, sound: never,
		because: "the knowledge centre says that a shut door answers Forbidden",
	}
	ifUnsigned = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.req.Signed }, sound: transparent,
		because: "the request was signed", reads: requestHead,
	}
	ifSigned = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.Signed }, sound: transparent,
		because: "the request bore no Authorization", reads: requestHead,
	}
	// Keys that begin with ASIA are temporary and need their session token.
	ifTokenless = condition{
		holds: func(x *exchange) bool { return x.req == nil || tokenless(x.req) }, sound: never,
		because: "the credentials came whole",
	}
	ifNotTokenless = condition{
		holds: func(x *exchange) bool { return x.req == nil || !tokenless(x.req) }, sound: never,
		because: "temporary credentials came without their session token",
	}
	ifNoCertificate = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.ClientCertificate == nil }, sound: always,
		because: "a client certificate was sent",
	}
	ifCertificateSent = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.ClientCertificate != nil }, sound: always,
		because: "no client certificate was sent",
	}
	ifExpiredCertificate = condition{
		holds: func(x *exchange) bool { return x.req == nil || expired(x.req.ClientCertificate, x.obs.Sent) }, sound: always,
		because: "no expired client certificate was sent",
	}
	ifCurrentCertificate = condition{
		holds: func(x *exchange) bool { return x.req == nil || !expired(x.req.ClientCertificate, x.obs.Sent) }, sound: never,
		because: "the client certificate that was sent has expired",
	}
	ifKeySent = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.KeySent }, sound: transparent,
		because: "no API key was sent", reads: requestHead,
	}
	ifNoKey = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.req.KeySent }, sound: transparent,
		because: "an API key was sent", reads: requestHead,
	}
	// A preflight is known by what it asks for; OPTIONS alone may be a method like others.
	ifMethodAsked = condition{
		holds: func(x *exchange) bool { return x.req == nil || preflight(x.req) }, sound: never,
		because: "the request asks for no method",
	}
	ifNoMethodAsked = condition{
		holds: func(x *exchange) bool { return x.req == nil || !preflight(x.req) }, sound: never,
		because: "the request is a preflight",
	}
	ifTokenSent = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.TokenSent || x.req.Signed }, sound: never,
		because: "no token was sent",
	}
	ifNoToken = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.req.TokenSent && !x.req.Signed }, sound: never,
		because: "a token was sent",
	}
	ifPreflight = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.Method == "OPTIONS" }, sound: transparent,
		because: "the method is not OPTIONS", reads: requestLine,
	}
	ifPreflightSent = condition{
		holds: func(x *exchange) bool { return x.req != nil && preflight(x.req) }, sound: transparent,
		because: "it is no preflight",
	}
	// ifErrorTypeStripped: every refusal of a REST API bears an error type, unless something in front took it off.
	ifErrorTypeStripped = condition{
		holds: func(x *exchange) bool { return !transparent(x) }, sound: always,
		because: "the gateway's own refusals bear an error type, and nothing in front takes it off",
	}
	// ifTypesKept: where even an address that leads nowhere is refused in the gateway's words without its error type,
	// something takes the types off.
	ifTypesKept = condition{
		holds: func(x *exchange) bool { return !x.typesTaken }, sound: never,
		because: "the gateway's own refusals come without an error type on this way in",
	}
	// ifWorded marks what words its refusals otherwise; an owner may have put one text in place of all.
	ifWorded = condition{
		holds: func(x *exchange) bool { return !x.typesTaken }, sound: never,
		because: "the text is another layer's",
	}
	ifTypesHidden = condition{
		holds: func(x *exchange) bool { return !x.typesSeen }, sound: never,
		because: "other answers of this access bear an error type",
	}
	ifMethodChanged = condition{
		holds:   func(x *exchange) bool { return x.req == nil || !ownMethod(x) },
		sound:   never,
		because: "the method is the route's own",
	}
	ifMethodKept = condition{
		holds:   func(x *exchange) bool { return x.req == nil || ownMethod(x) },
		sound:   never,
		because: "only the method was changed",
	}
	ifStageInPath = condition{
		holds:   func(x *exchange) bool { return x.req == nil || x.custom && stageInPath(x) },
		sound:   never,
		because: "the path does not begin with the stage",
	}
	ifStageNotInPath = condition{
		holds:   func(x *exchange) bool { return x.req == nil || !x.custom || !stageInPath(x) },
		sound:   never,
		because: "the path begins with the stage",
	}
	// ifUnusual marks a candidate that no recording shows.
	ifUnusual = condition{holds: never, sound: never, because: "not seen in any recording"}
	// ifLessLikely marks a reading that another of the same row explains better.
	ifLessLikely = condition{holds: never, sound: never, because: "less usual for this text"}
)

// preflight reports whether a request is a browser's question whether it may send another one.
func preflight(r *Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func ownPrincipal(x *exchange) bool {
	return x.req.Signed && x.c.Principal != "" && x.c.Scenario.Signer != ExpiredSession
}

// expired reports whether a certificate was out of date at a time.
func expired(c *tls.Certificate, at time.Time) bool {
	if c != nil && c.Leaf != nil {
		return at.After(c.Leaf.NotAfter)
	}
	if c == nil || len(c.Certificate) == 0 {
		return false
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	return err == nil && at.After(leaf.NotAfter)
}

// tokenless reports whether temporary credentials were sent without their session token.
func tokenless(r *Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "Credential=ASIA") && r.Header.Get(headerToken) == ""
}

// stageInPath reports whether the stage's name stands behind the prefix of the access.
func stageInPath(x *exchange) bool {
	u, err := url.Parse(x.req.URL)
	if err != nil || x.c.API.Stage == "" {
		return false
	}
	rest := strings.TrimPrefix(u.EscapedPath(), x.c.Access.Prefix)
	return rest == "/"+x.c.API.Stage || strings.HasPrefix(rest, "/"+x.c.API.Stage+"/")
}

// methodARN is the ARN in a policy denial; the account is masked.
var methodARN = regexp.MustCompile(`on resource: arn:[\w-]+:execute-api:[\w-]*:[*\d]*:([^/\s]+)/([^/\s]+)/(?:([A-Z]+)/(\S*)|\$connect)`)

// methodInARN is how an ARN names the method of a request: for a handshake there is the key of the route in its place.
func methodInARN(r *Request) string {
	if r.handshake() {
		return ""
	}
	return r.Method
}

// answeringAPI returns the API id and stage that a policy denial names, and the method and path if it names these.
func answeringAPI(o *Observation) (id, stage, method, path string, ok bool) {
	m := methodARN.FindStringSubmatch(o.fullMessage())
	if m == nil {
		return "", "", "", "", false
	}
	return m[1], m[2], m[3], m[4], true
}

// ownARN reports whether the answer names the method and path of this request, and an API that can be ours: the one of
// the default host, or, on a custom domain, one whose answer came without any sign of an integration.
func ownARN(x *exchange) bool {
	id, stage, method, path, ok := answeringAPI(x.obs)
	if !ok || x.req == nil || method != methodInARN(x.req) {
		return false
	}
	u, err := url.Parse(x.req.URL)
	if err != nil {
		return false
	}
	sent := u.EscapedPath()
	if method == "" {
		sent, path = strings.TrimSuffix(sent, "/")+"/", ""
	}
	if !x.custom {
		return sent == "/"+stage+"/"+path && x.req.names(id)
	}
	return x.obs.HeadersComplete && strings.HasSuffix(sent, "/"+path)
}
