package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Traits are what attribution knows of a request beside what is shown of its bytes: kept with a result, so that an old
// run can be attributed again.
type Traits struct {
	Host            string    `json:"host"`
	Connect         string    `json:"connect,omitempty"`
	Signed          bool      `json:"signed"`
	Scheme          string    `json:"scheme"`    // of the Authorization header, if it is a known one
	Temporary       bool      `json:"temporary"` // the credentials need a session token
	Genuine         bool      `json:"genuine"`
	Decisive        bool      `json:"decisive"`
	KeySent         bool      `json:"key_sent"`
	TokenSent       bool      `json:"token_sent"`
	TokenExpires    time.Time `json:"token_expires,omitzero"`
	DeadEnd         Layer     `json:"dead_end"`
	Clock           time.Time `json:"clock,omitzero"`
	OffsetMS        int64     `json:"offset_ms"`
	CertificateEnds time.Time `json:"certificate_ends,omitzero"` // of the client certificate that was sent
}

// traits collects the traits of a request.
func (r *Request) traits() *Traits {
	t := &Traits{
		Host: r.Host, Connect: r.Connect, Signed: r.Signed, Genuine: r.Genuine, Decisive: r.Decisive, KeySent: r.KeySent, DeadEnd: r.DeadEnd, Clock: r.Clock,
		OffsetMS: r.Offset.Milliseconds(), TokenSent: r.TokenSent, TokenExpires: r.tokenExpires,
	}
	authorization := r.Header.Get("Authorization")
	if scheme, _, ok := strings.Cut(authorization, " "); ok && slices.Contains([]string{signatureScheme, "Bearer", "Basic"}, scheme) {
		t.Scheme = scheme
	}
	t.Temporary = strings.Contains(authorization, temporaryKey)
	if c := r.ClientCertificate; c != nil && len(c.Certificate) > 0 {
		if leaf, err := x509.ParseCertificate(c.Certificate[0]); err == nil {
			t.CertificateEnds = leaf.NotAfter
		}
	}
	return t
}

const (
	signatureScheme = "AWS4-HMAC-SHA256"
	temporaryKey    = "Credential=ASIA"
)

// request is the request as far as it is kept: secrets stand as what they were taken out for.
func (info *RequestInfo) request() *Request {
	t := info.Traits
	r := &Request{
		ID: info.Headers[strings.ToLower(headerRequestID)], Method: info.Method, URL: info.URL, Host: t.Host, Connect: t.Connect, Header: make(http.Header),
		Facets: info.Facets, Signed: t.Signed, Genuine: t.Genuine, Decisive: t.Decisive, KeySent: t.KeySent, DeadEnd: t.DeadEnd,
		Clock: t.Clock, Offset: time.Duration(t.OffsetMS) * time.Millisecond, TokenSent: t.TokenSent, tokenExpires: t.TokenExpires,
	}
	for name, value := range info.Headers {
		r.Header.Set(name, value)
	}
	if t.Scheme != "" {
		r.Header.Set("Authorization", t.Scheme+" "+redacted)
	}
	if t.Temporary {
		r.Header.Set("Authorization", t.Scheme+" "+temporaryKey+redacted)
	}
	if !t.CertificateEnds.IsZero() {
		r.ClientCertificate = &tls.Certificate{Leaf: &x509.Certificate{NotAfter: t.CertificateEnds}}
	}
	return r
}

// observation is the answer as the run saw it, as far as it is kept.
func (res Result) observation() *Observation {
	o := *res.Observed
	o.HeadersComplete = true
	o.Sent = res.At
	o.Received = res.At.Add(time.Duration(o.Timings.Total * float64(time.Millisecond)))
	o.ServerDate, _ = http.ParseTime(o.Header("date"))
	shown := o.Message
	o.readMessage(o.Body)
	if o.text == "" {
		o.setMessage(shown) // the body that is kept ends before it
	}
	return &o
}

// Replayed is one answer of an old run, attributed again.
type Replayed struct {
	ID            string
	Before, After Conclusion
}

// Conclusion is what was concluded of an answer.
type Conclusion struct {
	Attribution Attribution
	Verdict     Verdict // "" of an extra request
	Kind        VerdictKind
}

// Changed reports whether the conclusions differ, whatever their reasons.
func (r Replayed) Changed() bool {
	a, b := r.Before.Attribution, r.After.Attribution
	same := func(x, y []Candidate) bool {
		return !slices.ContainsFunc(x, func(c Candidate) bool { return !slices.Contains(y, c) })
	}
	return a.Layer != b.Layer || a.Cause != b.Cause || a.Confidence != b.Confidence || r.Before.Verdict != r.After.Verdict ||
		r.Before.Kind != r.After.Kind || !same(a.Candidates, b.Candidates) || !same(b.Candidates, a.Candidates)
}

// Replay attributes and judges the answers of an old run by what is known today. What was declared is taken from the
// matrix: it is that of the run if the plan is. lost counts answers to cases that the matrix does not have.
func (m *Matrix) Replay(old Report) (out []Replayed, lost int, err error) {
	sent := func(res Result) bool { return res.Attribution != nil }
	exchanges, results, lost, err := m.reread(old, sent)
	if err != nil {
		return nil, lost, err
	}
	attributions := Attribute(m.Plan, exchanges)
	controls := m.controlsOf(exchanges, attributions)
	for i, e := range exchanges {
		r := Replayed{ID: results[i].ID, Before: Conclusion{*results[i].Attribution, results[i].Verdict, results[i].Kind}}
		r.After.Attribution = attributions[i]
		if e.Extra == "" {
			j := Judge(e.Case, e.Observation, attributions[i], controls[e.Case.API.Name][controlKey(e.Case)])
			r.After.Verdict, r.After.Kind = j.Verdict, j.Kind
		}
		out = append(out, r)
	}
	return out, lost, nil
}

// reread makes exchanges of those results of an old run that were sent and that use takes. lost counts answers to cases
// that the matrix does not have.
func (m *Matrix) reread(old Report, use func(Result) bool) (exchanges []Exchange, results []Result, lost int, err error) {
	if old.Version != SchemaVersion {
		return nil, nil, 0, fmt.Errorf("reading run: got version %d, want %d", old.Version, SchemaVersion)
	}
	cases := make(map[string]Case)
	for _, c := range m.Cases {
		cases[c.ID()] = c
	}
	for _, res := range slices.Concat(old.Results, old.Extra) {
		if res.Observed == nil || res.Request == nil || res.Request.Method == "" || !use(res) {
			continue // not sent
		}
		if res.Request.Traits == nil {
			return nil, nil, 0, fmt.Errorf("reading run: result %q: got no traits of its request, want those of a newer probe", res.ID)
		}
		id, extra := res.origin()
		c, ok := findCase(cases, id)
		if !ok {
			lost++
			continue
		}
		exchanges = append(exchanges, Exchange{
			Case: c, Request: res.Request.request(), Observation: res.observation(), Extra: extra, Evidence: res.Evidence,
			recording: recording{replayed: true},
		})
		results = append(results, res)
	}
	if len(exchanges) == 0 {
		return nil, nil, lost, errors.New("replaying run: got no answer to a case of the plan, want at least one")
	}
	return exchanges, results, lost, nil
}

// controlsOf finds how the controls of each API fared.
func (m *Matrix) controlsOf(exchanges []Exchange, attributions []Attribution) map[string]map[string]*Control {
	controls := make(map[string]map[string]*Control) // by API
	for _, api := range m.Plan.APIs {
		var es []Exchange
		var as []Attribution
		for i, e := range exchanges {
			if e.Case.API.Name == api.Name {
				es, as = append(es, e), append(as, attributions[i])
			}
		}
		controls[api.Name] = controlsOf(es, as)
	}
	return controls
}

// origin is the id of the case that a result answers, and what it was sent for beyond the matrix.
func (res Result) origin() (id, extra string) {
	if res.Verdict != "" {
		return res.ID, ""
	}
	extra = res.Scenario
	if !strings.HasPrefix(extra, ExtraSeparate) {
		extra, _, _ = strings.Cut(extra, ":")
	}
	return strings.TrimSuffix(res.ID, "|"+extra), extra
}

// findCase finds a case; one that was made from another by a separator has the other's name before a plus sign.
func findCase(cases map[string]Case, id string) (Case, bool) {
	if c, ok := cases[id]; ok {
		return c, true
	}
	scenario := strings.LastIndexByte(id, '|') + 1
	name, change, ok := strings.Cut(id[scenario:], "+")
	c, known := cases[id[:scenario]+name]
	if !ok || !known {
		return Case{}, false
	}
	c.Scenario.Name += "+" + change
	c.Control, c.Expected = false, Expectation{}
	return c, true
}
