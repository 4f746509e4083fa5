package probe

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Transcript is one exchange as somebody else recorded it, as far as the source shows it: a browser, curl, a log of the
// gateway. It may hold secrets; an [Explanation] does not.
type Transcript struct {
	Source string // where it stands: "file#index"
	At     time.Time
	Alone  bool // what stands beside it is of others: they are no siblings

	// The request. Method and URL are empty where the source does not show them.
	Method, URL   string
	RequestHeader http.Header
	// RequestComplete says that the absence of a request header means that it was not sent.
	RequestComplete bool

	// The answer. Status is 0 where the source does not show it.
	Status int
	HTTP   string // "HTTP/1.1"
	Header http.Header
	// HeadersComplete says that the absence of a header of the answer means that it was not sent.
	HeadersComplete bool
	Body            []byte
	Message         string        // the text alone, where the source shows no JSON body around it
	Exception       string        // an SDK's name of the error, which is that of x-amzn-ErrorType
	Remote          string        // address and port
	Error           *NetworkError // no HTTP answer came
	Cached          bool          // the client's own cache gave it

	// Log marks what the gateway itself wrote of the exchange: no answer that came over the wire.
	Log                          bool
	API                          string // id of the API that wrote it
	APIType                      APIType
	Route                        string // the route or resource that took the request
	RequestID, ExtendedRequestID string
	Evidence                     []Evidence
}

// recording marks an exchange that others recorded.
type recording struct {
	recorded bool    // nothing is declared, and nobody knows the way that it took
	logged   bool    // the gateway's own log, not an answer
	cached   bool    // the client's own cache gave it
	whole    bool    // the headers of the request are known, also which were not sent
	replayed bool    // of an old run: secrets of the request are not known any more
	kind     APIType // that the gateway's own log shows
}

// Explanation is what can be said of a transcript. It holds no secrets.
type Explanation struct {
	Source      string       `json:"source"`
	Request     *RequestInfo `json:"request"` // nil where the source does not show it
	Observed    *Observation `json:"observed"`
	Attribution Attribution  `json:"attribution"`
}

// Explain attributes what others recorded. Nothing is declared, nobody sent controls, and nobody saw what arrived: so
// only an answer that names its layer by itself, or a log of the gateway, makes anything certain. Requests to one host
// support each other as siblings; a log supports the answer that bears its id.
func Explain(transcripts []Transcript) []Explanation {
	exchanges := make([]Exchange, len(transcripts))
	for i, t := range transcripts {
		exchanges[i] = t.exchange()
	}
	joinLogs(transcripts, exchanges)
	out := make([]Explanation, len(transcripts))
	for i, a := range Attribute(&Plan{}, exchanges) {
		out[i] = Explanation{
			Source: transcripts[i].Source, Request: transcripts[i].info(), Observed: exchanges[i].Observation, Attribution: a,
		}
	}
	return out
}

// joinLogs gives an answer the evidence of the logs that bear its ids.
func joinLogs(transcripts []Transcript, exchanges []Exchange) {
	byID := make(map[string][]int)
	for i, t := range transcripts {
		if o := exchanges[i].Observation; t.Log && o.RequestID != "" {
			byID[o.RequestID] = append(byID[o.RequestID], i)
		}
	}
	for i := range transcripts {
		o := exchanges[i].Observation
		logs := byID[o.RequestID]
		if id := o.GatewayID(); id != o.RequestID { // the only one in the logs of WebSocket APIs
			logs = slices.Concat(logs, byID[id])
		}
		for _, j := range logs {
			log := exchanges[j].Observation
			// A caller may choose the request id, but not the extended one.
			if i == j || o.ExtendedRequestID != "" && log.ExtendedRequestID != "" && o.ExtendedRequestID != log.ExtendedRequestID {
				continue
			}
			exchanges[i].Evidence = append(exchanges[i].Evidence, transcripts[j].testimony()...)
		}
	}
}

// executeAPI are the default hosts of public APIs.
var executeAPI = regexp.MustCompile(`^[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// exchange is the transcript as attribution takes it. What stands alone is an API of its own.
func (t Transcript) exchange() Exchange {
	e := Exchange{Observation: t.observe(), Evidence: t.testimony(), recording: recording{recorded: true, logged: t.Log, cached: t.Cached, kind: t.APIType}}
	c := &e.Case
	c.Scenario.Name = t.Source
	c.API = API{Name: cmp.Or(t.API, t.Source), Type: cmp.Or(t.APIType, e.Observation.api())}
	c.Access.Kind = AccessDefault
	u := t.address()
	if u == nil {
		return e
	}
	c.Route = Route{Method: t.Method, Path: u.Path}
	c.Access.Host = u.Host
	c.API.Name = cmp.Or(t.API, u.Host)
	if !executeAPI.MatchString(u.Hostname()) {
		c.Access.Kind = AccessCustomDomain
	}
	e.Request, e.whole = t.request(u), t.complete()
	return e
}

// address is where the request went, or nil if that is not known well enough to compare it with others: a VPC endpoint
// serves many APIs by one name.
func (t Transcript) address() *url.URL {
	u, err := url.Parse(t.URL)
	if err != nil || t.Alone || t.Method == "" || u.Host == "" || strings.Contains(u.Host, "vpce") {
		return nil
	}
	return u
}

// masked is a value that somebody took out. Two that differed look the same then.
var masked = regexp.MustCompile(`(?i)redacted|^[*x]{3,}$`)

// complete reports whether all is known of the headers of the request.
func (t Transcript) complete() bool {
	for _, values := range t.RequestHeader {
		if slices.ContainsFunc(values, masked.MatchString) {
			return false
		}
	}
	return t.RequestComplete
}

// request is what the source shows of the request. A facet that it does not show equals no other.
func (t Transcript) request(u *url.URL) *Request {
	h := t.RequestHeader.Clone()
	if h == nil {
		h = make(http.Header)
	}
	r := &Request{
		Method: t.Method, URL: u.String(), Host: u.Host, Header: h,
		Signed: h.Get("Authorization") != "" || u.Query().Has("X-Amz-Signature"), KeySent: h.Get(headerKey) != "",
	}
	r.Facets = facets(&http.Request{Method: t.Method, URL: u, Header: h}, r, "", t.Source)
	if !t.complete() {
		for _, f := range []Facet{FacetQuery, FacetAuth, FacetPrincipal, FacetToken, FacetKey, FacetHeaders, FacetBody} {
			r.Facets[f] = t.Source
		}
	}
	r.Facets[FacetCertificate], r.Facets[FacetBody] = t.Source, t.Source
	return r
}

// observe is the answer, without secrets.
func (t Transcript) observe() *Observation {
	secrets := newRedactor(t.secrets())
	clean := func(s string) string { return scrub(secrets.text(s)) }
	o := &Observation{Status: t.Status, HTTP: t.HTTP, HeadersComplete: t.HeadersComplete, Remote: t.Remote, Sent: t.At, Received: t.At}
	header := make(http.Header, len(t.Header))
	for name, values := range t.Header {
		for _, v := range values {
			header.Add(name, clean(v))
		}
	}
	o.readHeaders(header, secrets)
	if len(t.Body) > 0 {
		o.readBody(t.Body, header.Get("Content-Encoding"), clean)
	}
	o.ErrorType = cmp.Or(clean(t.Exception), o.ErrorType)
	o.RequestID = cmp.Or(clean(t.RequestID), o.RequestID)
	o.ExtendedRequestID = cmp.Or(clean(t.ExtendedRequestID), o.ExtendedRequestID)
	if o.text == "" && t.Message != "" {
		o.setMessage(clean(t.Message))
	}
	if t.Error != nil {
		o.Error = &NetworkError{Phase: t.Error.Phase, Kind: t.Error.Kind, Text: clean(t.Error.Text)}
	}
	return o
}

// testimony is the evidence, without secrets.
func (t Transcript) testimony() []Evidence {
	out := slices.Clone(t.Evidence)
	for i := range out {
		out[i].Text = scrub(out[i].Text)
	}
	return out
}

// secrets are the values of a request that an answer may echo.
func (t Transcript) secrets() []Secret {
	var out []Secret
	add := func(values ...string) {
		for _, v := range values {
			if v = strings.TrimSpace(v); v != "" {
				out = append(out, NewSecret(v))
			}
		}
	}
	for name, values := range t.RequestHeader {
		for _, v := range values {
			switch http.CanonicalHeaderKey(name) {
			case headerKey, headerToken:
				add(v)
			case "Authorization", "Proxy-Authorization":
				add(credentials(v)...)
			case "Cookie":
				for pair := range strings.SplitSeq(v, ";") {
					_, value, _ := strings.Cut(pair, "=")
					add(value)
				}
			}
		}
	}
	if u, err := url.Parse(t.URL); err == nil {
		for name, values := range u.Query() {
			if secretParameter.MatchString(name) {
				add(values...)
			}
		}
	}
	return out
}

var secretParameter = regexp.MustCompile(`(?i)token|key|secret|password|signature|^(code|sig|auth)$`)

// credentials are the parts of an Authorization header that prove something. Of SigV4 that is the signature: its scope
// holds words that the gateway's own texts hold, too.
func credentials(authorization string) []string {
	if _, signature, ok := strings.Cut(authorization, "Signature="); ok {
		return []string{signature}
	}
	scheme, value, ok := strings.Cut(authorization, " ")
	if !ok {
		return []string{authorization}
	}
	out := []string{value}
	if plain, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		out = append(out, password)
	}
	return out
}

// info is the request as it is shown: nobody knows which values of a query are secret, so none is shown.
func (t Transcript) info() *RequestInfo {
	if t.Method == "" && t.URL == "" {
		return nil
	}
	info := &RequestInfo{Method: t.Method, URL: hideQuery(t.URL), Headers: make(map[string]string)}
	for name := range t.RequestHeader {
		info.Headers[strings.ToLower(name)] = redacted
	}
	return info
}

// hideQuery shows a URL without user, fragment and the values of its query.
func hideQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return redacted
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	query := u.RawQuery
	u.RawQuery, u.ForceQuery = "", false
	shown := u.String()
	if query == "" {
		return scrub(shown)
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, ok := strings.Cut(pair, "=")
		if ok {
			pairs[i] = name + "=" + redacted
		} else {
			pairs[i] = redacted
		}
	}
	return scrub(shown) + "?" + strings.Join(pairs, "&")
}
