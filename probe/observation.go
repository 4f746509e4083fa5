package probe

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Observation is what came back for one request, redacted. It is all that attribution knows of an answer.
type Observation struct {
	Status            int               `json:"status"`
	ErrorType         string            `json:"error_type"` // x-amzn-ErrorType up to the first colon
	Message           string            `json:"message"`
	RequestID         string            `json:"request_id"`
	ExtendedRequestID string            `json:"extended_request_id"`
	Headers           map[string]string `json:"headers"` // allow-listed, lower-case names, redacted
	Body              string            `json:"body"`    // first 4 KiB, redacted
	BodySHA256        string            `json:"body_sha256"`
	HTTP              string            `json:"http"`
	Remote            string            `json:"remote"`
	Timings           Timings           `json:"timings_ms"`
	Error             *NetworkError     `json:"error"`

	// HeadersComplete says that the absence of a header means that it was not sent: true for our own observations,
	// false for most transcripts of others.
	HeadersComplete bool `json:"-"`
	// HeaderNames are the lower-case names of all headers of the answer, also of those that are not kept.
	HeaderNames []string `json:"header_names"`
	// Capital says that the message came under the key "Message", as policy denials do.
	Capital bool `json:"-"`
	// text is the whole message, of which Message shows the first 300 characters.
	text string
	// Conn identifies the TCP connection within a run.
	Conn string `json:"conn"`
	// Sent and Received bracket the exchange; ServerDate is the answer's Date header.
	Sent, Received, ServerDate time.Time `json:"-"`
	// Resends counts how often net/http repeated the request on a new connection because a reused one had died.
	Resends int `json:"-"`
}

// Header returns a kept header of the answer, or "".
func (o *Observation) Header(name string) string { return o.Headers[strings.ToLower(name)] }

// Has reports whether the answer had the header, kept or not.
func (o *Observation) Has(name string) bool {
	name = strings.ToLower(name)
	if _, ok := o.Headers[name]; ok {
		return true
	}
	for _, n := range o.HeaderNames {
		if n == name {
			return true
		}
	}
	return false
}

// Answered reports whether an HTTP answer came.
func (o *Observation) Answered() bool { return o.Error == nil && o.Status != 0 }

// fullMessage is the whole message of the answer, or as much of it as is known.
func (o *Observation) fullMessage() string {
	if o.text != "" {
		return o.text
	}
	return o.Message
}

// GatewayID is the id that API Gateway gave the answer, or "" if it bears none: then something else answered, or took
// the header off.
func (o *Observation) GatewayID() string {
	if o.ExtendedRequestID != "" {
		return o.ExtendedRequestID
	}
	return o.Header("apigw-requestid")
}

// api is the kind of API that the headers of the answer show, or "" if they show none. An answer with the ids of two
// has come through two gateways, and does not show which of them is in front.
func (o *Observation) api() APIType {
	http, rest := o.Has("apigw-requestid"), o.Has("x-amz-apigw-id")
	switch {
	case http && rest:
		return ""
	case http:
		return HTTP
	case rest || o.ErrorType != "":
		return REST
	default:
		return ""
	}
}

// Timings are the phases of an exchange in milliseconds; phases that did not happen are 0.
type Timings struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"`
	Total     float64 `json:"total"`
}

// Phase is a step of an exchange.
type Phase string

// The phases in which an exchange can fail.
const (
	PhaseDNS       Phase = "dns"
	PhaseConnect   Phase = "connect"
	PhaseTLS       Phase = "tls"
	PhaseWrite     Phase = "write"
	PhaseFirstByte Phase = "first_byte"
	PhaseBody      Phase = "body"
)

// NetworkError is why no complete HTTP answer came.
type NetworkError struct {
	Phase Phase  `json:"phase"`
	Kind  string `json:"kind"` // a word of a closed list: not-found, refused, timeout, reset, eof, certificate (the server's is not
	// good), certificate-wanted (an alert says so), certificate-dropped (asked for one and hung up), alert, proxy-refused
	// (a forward proxy of our own), canceled, other
	Text string `json:"text"`
}

// Request is exactly what is sent, and its facets.
type Request struct {
	ID                string // sent as x-amzn-RequestId: REST APIs take it over
	Method            string
	URL               string
	Host              string // also the name to connect to and the SNI, unless Connect is set
	Connect           string
	Header            http.Header
	Body              []byte
	ClientCertificate *tls.Certificate // nil: none
	Facets            Facets

	Signed bool // bears an Authorization header or query
	// Decisive says that a right address would have brought another answer: nothing of what the route wants is missing,
	// or an Authorization header is sent that any open stage reads.
	Decisive  bool
	KeySent   bool
	TokenSent bool
	// Clock is what was taken for the present when the request was signed; zero if it was not. Offset is how far from it
	// the signature is dated on purpose.
	Clock   time.Time
	Offset  time.Duration
	DeadEnd Layer
	// Genuine says that the route's identity, or its outsider, made the signature, and that nothing of it was spoiled.
	Genuine bool

	token        Secret // as it is sent, without its scheme
	tokenExpires time.Time
	tokenPlaces  Token
}

// signature is the SigV4 signature of the request, or "".
func (r *Request) signature() string {
	_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	if u, err := url.Parse(r.URL); signature == "" && err == nil {
		signature = u.Query().Get(querySignature)
	}
	return signature
}
