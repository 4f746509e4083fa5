package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// response is an answer before it is written. Header names are spelled as on
// the wire.
type response struct {
	status int
	header map[string]string
	body   []byte

	talk func(http.ResponseWriter, *http.Request) // writes the answer and goes on: a WebSocket
}

func (p *response) write(w http.ResponseWriter, r *http.Request) {
	// Over HTTP/1.1 the service spells its header names as recorded, and a
	// client canonicalises what it reads. A caller without a socket reads our
	// map directly, where only canonical names can be found.
	onWire := r.Context().Value(http.ServerContextKey) != nil
	for name, value := range p.header {
		if onWire {
			w.Header()[name] = []string{value}
		} else {
			w.Header().Set(name, value)
		}
	}
	if p.talk != nil {
		p.talk(w, r)
		return
	}
	body := p.body
	if r.Method == http.MethodHead {
		body = nil
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "keep-alive")
	}
	w.WriteHeader(p.status)
	if len(body) > 0 {
		// The client has gone if this fails; nobody is left to tell.
		_, _ = w.Write(body)
	}
}

// refusal is a layer's no.
type refusal struct {
	layer   string // "": the layer that said no
	cause   string
	kind    kind
	message string
	detail  string // $context.error.validationErrorString

	onHTTP    int    // the status on an HTTP API, where it is another one
	challenge string // www-authenticate, on an HTTP API

	bare   *response // sent as it is: not an answer of the API at all
	custom *response // status and body in place of the kind's
}

// refuse turns a layer's no into the answer that the service gives.
func (x *exchange) refuse(layer string, no *refusal) *response {
	x.layer, x.cause, x.refused = layer, no.cause, no
	if no.layer != "" {
		x.layer = no.layer
	}
	if x.family() == HTTP {
		return x.refuseHTTP(no)
	}
	if no.bare != nil {
		return x.atEdge(no.bare)
	}
	k := no.kind
	if x.family() == WebSocket {
		k.key = "message" // recorded in small letters for a policy's no, too
	}
	p := &response{
		status: k.status,
		header: map[string]string{"Content-Type": "application/json"},
		body:   k.body(x.quote(no.message)),
	}
	if no.custom != nil {
		p.status, p.body = no.custom.status, no.custom.body
		maps.Copy(p.header, no.custom.header)
	} else {
		x.customize(p, no)
	}
	if x.family() == REST || !x.model.Switches.WebSocketHidesErrorType {
		p.header["x-amzn-ErrorType"] = no.kind.errorType
	}
	if no.kind.traced || x.stage != nil && x.stage.XRay {
		p.header["X-Amzn-Trace-Id"] = x.trace
	}
	return x.signed(p)
}

// signed adds what every answer of an API carries.
func (x *exchange) signed(p *response) *response {
	p.header["Date"] = x.now.Format(http.TimeFormat)
	p.header[requestIDHeader] = x.id
	p.header["x-amz-apigw-id"] = x.extendedID
	if x.endpoint != nil {
		p.header["Server"] = "Server"
	}
	return x.atEdge(p)
}

// quote makes a JSON string the way the service does: line breaks and all, with
// nothing escaped, so that the result is not always JSON. No message is null.
func (x *exchange) quote(message string) string {
	if message == "" {
		return "null"
	}
	if !x.model.Switches.EscapedLineBreaks {
		return `"` + message + `"`
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(message); err != nil {
		panic("sandbox: encoding a string: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
