package report

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

var harFormat = Format{
	Name: "har",
	Help: "HAR 1.2: every exchange, redacted, for a browser's network panel and for probe explain",
	New:  newHAR,
}

// The objects of HAR 1.2. What begins with an underscore is an addition: _error is Chromium's, _probe ours.
type (
	harLog struct {
		Log struct {
			Version string     `json:"version"`
			Creator harCreator `json:"creator"`
			Comment string     `json:"comment"`
			Entries []harEntry `json:"entries"`
		} `json:"log"`
	}
	harCreator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	harEntry struct {
		Started    time.Time   `json:"startedDateTime"`
		Time       float64     `json:"time"`
		Request    harRequest  `json:"request"`
		Response   harResponse `json:"response"`
		Cache      struct{}    `json:"cache"`
		Timings    harTimings  `json:"timings"`
		Server     string      `json:"serverIPAddress,omitempty"`
		Connection string      `json:"connection,omitempty"`
		Comment    string      `json:"comment"`
		Probe      harProbe    `json:"_probe"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		Query       []harPair `json:"queryString"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int        `json:"bodySize"`
		Error       string     `json:"_error,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harContent struct {
		Size     int    `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text"`
	}
	// harTimings are milliseconds; -1 is a phase that did not happen. SSL is a part of Connect.
	harTimings struct {
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		SSL     float64 `json:"ssl"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
	harProbe struct {
		ID          string              `json:"id"`
		Scenario    string              `json:"scenario"`
		Verdict     probe.Verdict       `json:"verdict"`            // empty: an extra request, or one that was replaced
		Replaced    bool                `json:"replaced,omitempty"` // the same was asked again later, and that answer counts
		Error       *probe.NetworkError `json:"error"`
		Attribution *probe.Attribution  `json:"attribution"`
	}
)

// newHAR keeps what was observed: the report has the last answer to each request only.
func newHAR(w io.Writer, _ Options) Sink {
	var observed []probe.Result
	return func(e probe.Event) error {
		switch e := e.(type) {
		case probe.Observed:
			observed = append(observed, e.Result)
		case probe.RunFinished:
			return writeJSON(w, harOf(e.Report, observed), "  ")
		}
		return nil
	}
}

func harOf(rep probe.Report, observed []probe.Result) harLog {
	var har harLog
	har.Log.Version, har.Log.Creator = "1.2", harCreator{"probe", rep.Run.ProbeVersion}
	words, _ := headlineWords(rep)
	har.Log.Comment = rep.Run.Environment + ": " + words
	har.Log.Entries = []harEntry{}
	counts := make(map[answer]bool)
	for _, res := range slices.Concat(rep.Results, rep.Extra) {
		if res.Observed != nil && res.Request != nil {
			har.Log.Entries = append(har.Log.Entries, harEntryOf(res))
			counts[answer{res.ID, res.At}] = true
		}
	}
	tries := make(map[answer]probe.Try)
	for _, res := range rep.Results {
		for _, try := range res.Tries {
			tries[answer{res.ID, try.At}] = try
		}
	}
	for _, res := range observed {
		if a := (answer{res.ID, res.At}); !counts[a] {
			har.Log.Entries = append(har.Log.Entries, harReplaced(res, tries[a]))
		}
	}
	slices.SortStableFunc(har.Log.Entries, func(a, b harEntry) int { return a.Started.Compare(b.Started) })
	return har
}

// answer tells the answers to one request apart by when it was sent.
type answer struct {
	id string
	at time.Time
}

// harReplaced is an exchange that counts no more. What was concluded of it then is known of those of the matrix.
func harReplaced(res probe.Result, try probe.Try) harEntry {
	res.Reason = "asked again later"
	if try.Verdict != "" {
		res.Reason += "; " + tryWords(try)
	}
	e := harEntryOf(res)
	e.Probe.Replaced = true
	return e
}

func harEntryOf(res probe.Result) harEntry {
	o := *res.Observed
	e := harEntry{
		Started: res.At, Time: o.Timings.Total, Request: harRequestOf(*res.Request, o.HTTP), Response: harResponseOf(o),
		Timings: harTimingsOf(o.Timings), Connection: o.Conn,
		Comment: strings.Join(nonempty(res.Scenario+" on "+res.Route+" of "+res.API, string(res.Verdict), res.Reason), ": "),
		Probe:   harProbe{ID: res.ID, Scenario: res.Scenario, Verdict: res.Verdict, Error: o.Error, Attribution: res.Attribution},
	}
	if host, _, err := net.SplitHostPort(o.Remote); err == nil && net.ParseIP(host) != nil {
		e.Server = host
	}
	return e
}

func harRequestOf(r probe.RequestInfo, version string) harRequest {
	out := harRequest{
		Method: r.Method, URL: uriText(r.URL), HTTPVersion: cmp.Or(version, "unknown"), Cookies: []harPair{}, Query: []harPair{},
		Headers: pairs(r.Headers), HeadersSize: -1, BodySize: -1,
	}
	for i, h := range out.Headers {
		if h.Name == "authorization" && r.Traits != nil && r.Traits.Scheme != "" {
			out.Headers[i].Value = r.Traits.Scheme + " " + h.Value // the scheme is no secret
		}
	}
	if u, err := url.Parse(out.URL); err == nil {
		for name, values := range u.Query() {
			for _, value := range values {
				out.Query = append(out.Query, harPair{name, value})
			}
		}
	}
	slices.SortStableFunc(out.Query, func(a, b harPair) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func harResponseOf(o probe.Observation) harResponse {
	out := harResponse{
		Status: o.Status, StatusText: http.StatusText(o.Status), HTTPVersion: cmp.Or(o.HTTP, "unknown"), Cookies: []harPair{},
		Headers: pairs(o.Headers), RedirectURL: o.Header("location"), HeadersSize: -1, BodySize: len(o.Body),
		Content: harContent{Size: len(o.Body), MimeType: cmp.Or(o.Header("content-type"), "x-unknown"), Text: o.Body},
	}
	for _, name := range o.HeaderNames {
		if _, kept := o.Headers[name]; !kept {
			out.Headers = append(out.Headers, harPair{name, "[not kept]"})
		}
	}
	if o.Error != nil {
		out.Error = o.Error.String()
	}
	return out
}

func pairs(headers map[string]string) []harPair {
	out := make([]harPair, 0, len(headers))
	for name, value := range headers {
		out = append(out, harPair{name, value})
	}
	slices.SortFunc(out, func(a, b harPair) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func harTimingsOf(t probe.Timings) harTimings {
	happened := func(ms float64) float64 {
		if ms == 0 {
			return -1
		}
		return ms
	}
	first := t.FirstByte
	if first == 0 {
		first = t.Total // none came
	}
	return harTimings{
		DNS: happened(t.DNS), Connect: happened(t.Connect + t.TLS), SSL: happened(t.TLS), Send: 0,
		Wait: max(0, first-t.DNS-t.Connect-t.TLS), Receive: max(0, t.Total-first),
	}
}

// uriText spells what must not stand in a URI as an escape; what was taken out of a URL stands there in brackets.
func uriText(raw string) string {
	const safe = "-._~:/?#@!$&'()*+,;=%"
	var b strings.Builder
	for _, c := range []byte(raw) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if _, err := url.Parse(b.String()); err != nil {
		return "about:invalid" // what a browser shows of such an address
	}
	return b.String()
}
