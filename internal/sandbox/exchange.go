package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// maxBody is the service's limit on a request's payload.
const maxBody = 10 << 20

const requestIDHeader = "x-amzn-RequestId"

// exchange is one request on its way down the pipeline, and what the layers
// have found out about it so far.
type exchange struct {
	*Gateway

	r           *http.Request
	now         time.Time
	path, query string // as received, before any decoding
	body        []byte
	id          string // x-amzn-RequestId
	extendedID  string // x-amz-apigw-id
	trace       string // root of the X-Ray trace
	hops        int    // gateways that it has come through, see backend.go
	endpoint    *VPCEndpoint

	// By the domain layer. The stage is a name until the stage layer finds it.
	api       *API // from the stage layer on as deployed there
	draft     *API // the API as it was edited since; nil: it was not
	custom    bool // through a custom domain
	edge      bool // through AWS's own CloudFront
	stageName string
	resource  string // the path on the API, without stage or base path

	stage   *Stage
	method  string  // after X-HTTP-Method-Override
	routes  []Route // of the deployment that serves it
	route   *Route
	caller  *Principal // nil: anonymous
	granted verdict    // of the resource policy

	usageKey string // by the Lambda authorizer
	key      *APIKey
	plan     *UsagePlan

	layer, cause string // the truth

	trail          []string // the layers that let it pass
	refused        *refusal // nil: none did
	functionCalled bool     // the authorizer's, or what it said before was remembered
	keyChecked     bool     // it came to where keys are looked at, whether or not the route wants one
}

// family is the type of the API, and REST as long as none is known.
func (x *exchange) family() APIType {
	if x.api == nil {
		return REST
	}
	return x.api.family()
}

func (g *Gateway) newExchange(r *http.Request, id string) *exchange {
	x := &exchange{
		Gateway:    g,
		r:          r,
		endpoint:   endpointOf(r),
		now:        g.model.Now().UTC(),
		id:         id,
		extendedID: g.ids.extended(),
	}
	x.trace = "Root=1-" + fmt.Sprintf("%08x", x.now.Unix()) + "-" + g.ids.hex(12)
	x.path, x.query = rawTarget(r)
	return x
}

// checkSize reads the body. A payload over the limit is refused before anything
// but the host is looked at, and in an answer unlike all others.
func checkSize(x *exchange) *refusal {
	limit := cmp.Or(x.model.MaxBody, maxBody)
	tooLarge := &refusal{cause: "request-too-large", onHTTP: http.StatusRequestEntityTooLarge, bare: &response{
		status: http.StatusRequestEntityTooLarge,
		header: map[string]string{"Content-Type": "text; charset=utf-8"},
		body:   fmt.Appendf(nil, "HTTP content length exceeded %d bytes.", limit),
	}}
	if x.r.ContentLength > int64(limit) {
		return tooLarge
	}
	if x.r.Body == nil {
		return nil
	}
	x.body, _ = io.ReadAll(io.LimitReader(x.r.Body, int64(limit)+1)) // an error: the client has gone
	if len(x.body) > limit {
		return tooLarge
	}
	return nil
}

// rawTarget splits the request target without decoding it: signatures are over
// the bytes that came.
func rawTarget(r *http.Request) (path, query string) {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") { // absolute form, or a request made in process
		target = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
	}
	path, query, _ = strings.Cut(target, "?")
	if path == "" {
		path = "/"
	}
	return path, query
}

// idSource makes the identifiers that answers carry.
type idSource struct {
	mu   sync.Mutex
	rand io.Reader
}

func (s *idSource) bytes(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		panic("sandbox: reading random bytes: " + err.Error())
	}
	return b
}

func (s *idSource) hex(n int) string { return hex.EncodeToString(s.bytes(n)) }

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// request returns the id that the caller chose if it is a UUID, else a new one.
func (s *idSource) request(sent string) string {
	if uuid.MatchString(sent) {
		return sent
	}
	b := s.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// extended makes an x-amz-apigw-id, which a caller cannot choose.
func (s *idSource) extended() string {
	return base64.StdEncoding.EncodeToString(s.bytes(11))
}
