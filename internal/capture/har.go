package capture

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"apigwprobe/probe"
)

// harEntry is what is read of an entry of HAR 1.2; fields with an underscore are those of Chromium, and one of ours.
type harEntry struct {
	Started string `json:"startedDateTime"`
	Server  string `json:"serverIPAddress"`
	Cache   string `json:"_fromCache"`
	Request struct {
		Method  string
		URL     string
		Headers []harHeader
	}
	Response struct {
		Status      int
		HTTPVersion string
		Headers     []harHeader
		Content     struct{ Text, Encoding string }
		Error       string `json:"_error"`
	}
	Probe struct { // of our own reports
		Error    *probe.NetworkError
		Replaced bool
	} `json:"_probe"`
}

type harHeader struct{ Name, Value string }

// har reads the entries one by one.
func (e *entries) har(r io.Reader) error {
	m := &meter{r: r, left: entryKept}
	d := json.NewDecoder(m)
	wrong := func(err error) error {
		if errors.Is(err, errTooLarge) {
			return e.wrong(m.line(d.InputOffset()), err)
		}
		return e.wrong(m.line(d.InputOffset()), unmarshalling(err))
	}
	if err := enter(d, m, "log"); err != nil {
		return wrong(err)
	}
	if err := enter(d, m, "entries"); err != nil {
		return wrong(err)
	}
	if _, err := d.Token(); err != nil { // [
		return wrong(err)
	}
	for d.More() {
		m.left = entryKept
		var entry harEntry
		if err := d.Decode(&entry); err != nil {
			return wrong(err)
		}
		if err := e.add(entry.transcript()); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // ], or the file was cut off
		return wrong(err)
	}
	return nil
}

// enter goes into the object that follows, to the value of one of its keys.
func enter(d *json.Decoder, m *meter, key string) error {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.Join(errors.New("no object"), err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == key {
			return nil
		}
		m.left = entryKept
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return fmt.Errorf("no key %q", key)
}

func (h harEntry) transcript() probe.Transcript {
	t := probe.Transcript{
		Method: h.Request.Method, URL: h.Request.URL, RequestHeader: header(h.Request.Headers), Status: h.Response.Status,
		HTTP: version(h.Response.HTTPVersion), Header: header(h.Response.Headers), HeadersComplete: len(h.Response.Headers) > 0,
		Cached: h.Cache != "",
		// The gateway may have been another one then: it says nothing of the answers that count.
		Alone: h.Probe.Replaced,
	}
	// Browsers leave Authorization out of what they export, so that its absence means nothing.
	t.RequestComplete = t.RequestHeader.Get("Authorization") != ""
	t.At, _ = time.Parse(time.RFC3339, h.Started)
	t.Body = []byte(h.Response.Content.Text)
	if h.Response.Content.Encoding == "base64" {
		if body, err := base64.StdEncoding.DecodeString(h.Response.Content.Text); err == nil {
			t.Body = body
		}
	}
	t.Body = t.Body[:min(len(t.Body), bodyKept)]
	t.Header.Del("Content-Encoding") // the text is decoded
	if ip := net.ParseIP(strings.Trim(h.Server, "[]")); ip != nil {
		t.Remote = net.JoinHostPort(ip.String(), port(h.Request.URL))
	}
	if t.Error = h.Probe.Error; t.Error == nil && t.Status == 0 {
		t.Error = browserError(h.Response.Error)
	}
	return t
}

func header(hs []harHeader) http.Header {
	out := make(http.Header)
	for _, h := range hs {
		if !strings.HasPrefix(h.Name, ":") { // of HTTP/2
			out.Add(h.Name, h.Value)
		}
	}
	return out
}

// version is the version of HTTP as a status line writes it.
func version(v string) string {
	switch v = strings.ToUpper(v); v {
	case "H2", "HTTP/2.0":
		return "HTTP/2"
	case "H3", "HTTP/3.0":
		return "HTTP/3"
	}
	return v
}

func port(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Port() == "" && u.Scheme != "http":
		return "443"
	case u.Port() == "":
		return "80"
	default:
		return u.Port()
	}
}

// browserErrors are Chromium's names of what prevented an answer, by their beginning.
var browserErrors = []struct {
	name  string
	phase probe.Phase
	kind  string
}{
	{"net::ERR_NAME_NOT_RESOLVED", probe.PhaseDNS, "not-found"},
	{"net::ERR_CONNECTION_REFUSED", probe.PhaseConnect, "refused"},
	{"net::ERR_CONNECTION_TIMED_OUT", probe.PhaseConnect, "timeout"},
	{"net::ERR_TIMED_OUT", probe.PhaseFirstByte, "timeout"},
	{"net::ERR_CONNECTION_RESET", probe.PhaseFirstByte, "reset"},
	{"net::ERR_CONNECTION_CLOSED", probe.PhaseFirstByte, "eof"},
	{"net::ERR_EMPTY_RESPONSE", probe.PhaseFirstByte, "eof"},
	{"net::ERR_CERT_", probe.PhaseTLS, "certificate"},
	{"net::ERR_SSL_CLIENT_AUTH_CERT_NEEDED", probe.PhaseTLS, "certificate-dropped"},
	{"net::ERR_BAD_SSL_CLIENT_AUTH_CERT", probe.PhaseTLS, "certificate-dropped"},
	{"net::ERR_SSL_", probe.PhaseTLS, "other"},
}

func browserError(text string) *probe.NetworkError {
	for _, e := range browserErrors {
		if strings.HasPrefix(text, e.name) {
			return &probe.NetworkError{Phase: e.phase, Kind: e.kind, Text: text}
		}
	}
	if text == "" {
		text = "the browser shows no answer"
	}
	return &probe.NetworkError{Phase: probe.PhaseFirstByte, Kind: "other", Text: text}
}

const entryKept = 32 << 20

var errTooLarge = fmt.Errorf("reading JSON: got more than %d MiB, want a smaller entry", entryKept>>20)

// meter counts lines, and ends the reading where one value takes too much memory.
type meter struct {
	r      io.Reader
	left   int64 // that may be read until the next value begins
	offset int64
	before int     // lines before those of breaks
	breaks []int64 // offsets of line breaks that were read
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLarge
	}
	n, err := m.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			m.breaks = append(m.breaks, m.offset+int64(i))
		}
	}
	m.offset += int64(n)
	m.left -= int64(n)
	m.forget()
	return n, err
}

// forget keeps few breaks: an entry of HAR has some hundred lines, and only the place of the last one is asked for.
func (m *meter) forget() {
	if many := len(m.breaks) - 1<<20; many > 0 {
		m.before += many
		m.breaks = append([]int64(nil), m.breaks[many:]...)
	}
}

// line is the number of the line at an offset.
func (m *meter) line(offset int64) int {
	n := m.before + 1
	for _, b := range m.breaks {
		if b < offset {
			n++
		}
	}
	return n
}
