package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Backend is the application behind a route.
type Backend struct {
	Kind   BackendKind // "": Fixed
	Status int         // of Fixed; 0: 200
	Header map[string]string
	Body   string
	URL    string // of HTTPProxy: of an API of the same model, without a query
}

// BackendKind is a way to answer, or to fail to.
type BackendKind string

// The kinds of backend. Failures are answered at once, whatever they are.
const (
	Fixed             BackendKind = ""
	Echo              BackendKind = "echo"               // sends the request's headers and query back
	HTTPProxy         BackendKind = "http-proxy"         // another gateway
	Malformed         BackendKind = "malformed"          // a Lambda function that answers nonsense
	Timeout           BackendKind = "timeout"            // no answer in time
	PermissionMissing BackendKind = "permission-missing" // the function may not be called
	Throws            BackendKind = "throws"             // the function fails
	Throttled         BackendKind = "throttled"          // too many calls of the function
)

var backends map[BackendKind]func(*exchange, *Backend) (*response, *refusal)

func init() { // not a literal: a proxy leads back to the pipeline and so to this map
	backends = map[BackendKind]func(*exchange, *Backend) (*response, *refusal){
		Fixed:             fixed,
		Echo:              echo,
		HTTPProxy:         httpProxy,
		Malformed:         fails(lambdaMalformed),
		Timeout:           fails(endpointTimeout),
		PermissionMissing: fails(lambdaPermissionMissing),
		Throws:            fails(lambdaThrows),
		Throttled:         fails(lambdaThrottled),
		preflightAnswer:   preflightBackend,
	}
}

func fixed(x *exchange, b *Backend) (*response, *refusal) {
	p := x.fromFunction([]byte(b.Body))
	if b.Body == "" {
		p.body = []byte(`{"ok":true}`)
	}
	if b.Status != 0 {
		p.status = b.Status
	}
	maps.Copy(p.header, b.Header)
	return p, nil
}

// echo is what a debugging backend does, and what a prober must be able to
// survive without leaking secrets into its reports.
func echo(x *exchange, _ *Backend) (*response, *refusal) {
	body, err := json.Marshal(map[string]any{"headers": x.r.Header, "query": x.query})
	if err != nil {
		return nil, &lambdaMalformed
	}
	return x.fromFunction(body), nil
}

// fromFunction is the answer of a Lambda function: it joins the caller's trace,
// which a refusal does not. An HTTP API does not show it.
func (x *exchange) fromFunction(body []byte) *response {
	p := &response{status: http.StatusOK, header: map[string]string{"Content-Type": "application/json"}, body: body}
	if x.family() != HTTP {
		p.header["X-Amzn-Trace-Id"] = x.trace + ";Parent=" + x.ids.hex(8) + ";Sampled=0;Lineage=1:" + x.ids.hex(4) + ":0"
	}
	return p
}

// maxHops ends a proxy that leads to itself.
const maxHops = 4

// httpProxy sends the request to another gateway of the model. The signature
// was meant for this one and is not passed on. Headers that both gateways set
// come back renamed, but from an HTTP API.
func httpProxy(x *exchange, b *Backend) (*response, *refusal) {
	target, err := url.Parse(b.URL)
	if err != nil || x.hops == maxHops {
		return nil, &invalidEndpoint
	}
	inner := x.r.Clone(x.r.Context())
	inner.URL, inner.Host = target, target.Host
	inner.URL.RawQuery, inner.RequestURI = x.query, ""
	inner.Body = io.NopCloser(bytes.NewReader(x.body))
	inner.TLS = nil // a connection of its own
	inner.Header.Del(requestIDHeader)
	if strings.HasPrefix(inner.Header.Get("Authorization"), algorithm) {
		inner.Header.Del("Authorization")
	}
	y := x.newExchange(inner, x.ids.request(""))
	y.hops, y.endpoint = x.hops+1, nil
	answer := x.answer(y)

	p := &response{status: answer.status, header: map[string]string{}, body: answer.body}
	if x.family() == HTTP {
		maps.Copy(p.header, answer.header)
		return p, nil
	}
	for name, value := range answer.header {
		switch name {
		case "Date", "Server", "WWW-Authenticate", requestIDHeader:
			p.header["x-amzn-Remapped-"+name] = value
		default:
			p.header[name] = value
		}
	}
	p.header["x-amzn-Remapped-Connection"] = "keep-alive"
	p.header["x-amzn-Remapped-Content-Length"] = strconv.Itoa(len(answer.body))
	p.header["X-Amzn-Trace-Id"] = x.trace
	return p, nil
}

// backendCause names the application's own error by its status.
func backendCause(status int) string {
	switch status {
	case 400, 401, 403, 404, 500:
		return "backend-own-" + strconv.Itoa(status)
	}
	return "backend-error"
}
