package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

// curl reads a transcript of curl -i or curl -v, of one or several requests.
func (e *entries) curl(l *lines) error {
	c := &curl{entries: e}
	for {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			return errors.Join(c.answered(), c.failed(""))
		}
		if err != nil {
			return e.wrong(l.n+1, err)
		}
		if err := c.line(line); err != nil {
			return err
		}
	}
}

// part is what the lines of a transcript belong to.
type part int

const (
	around     part = iota // anything that is no exchange
	asked                  // the head of a request, of -v
	headed                 // the head of an answer, of -v
	plainHead              // the head of an answer, of -i
	repetition             // the head of an answer that -v has shown before
	answerBody
)

// curl is the state of reading one transcript.
type curl struct {
	*entries
	part
	request *probe.Transcript // asked last, and not answered
	answer  *probe.Transcript // what comes
	status  string            // the status line of the answer
	sized   int               // bytes of the answer's head

	remote string
	tls    bool
	wanted bool   // the server asked for a client certificate
	alert  string // of TLS
}

var (
	statusLine  = regexp.MustCompile(`^HTTP/([\d.]+) (\d{3})(?: (.*))?$`)
	requestLine = regexp.MustCompile(`^([A-Z]+) (\S+) HTTP/[\d.]+$`)
	dataLine    = regexp.MustCompile(`^[{}] \[\d+ bytes data\]$`)
	meterLine   = regexp.MustCompile(`^\s*(% Total|Dload|\d+\s+\S+\s+\d+.*--:--)`)
	promptLine  = regexp.MustCompile(`^\S{0,64}[$#%>] (curl|awscurl) `)
	connected   = regexp.MustCompile(`^\* +(?:Connected to|Established connection to) \S+ \(([0-9a-fA-F.:\[\]]+)(?:\)? port (\d+))`)
	bodyEnd     = regexp.MustCompile(`\* (Connection #\d|Closing connection|Curl_http_done)`)
)

const headKept = 256 << 10 // of all headers of one answer or request

func (c *curl) line(line string) error {
	switch {
	case strings.HasPrefix(line, "> ") || line == ">":
		return c.asks(strings.TrimPrefix(line[1:], " "))
	case strings.HasPrefix(line, "< ") || line == "<":
		return c.answers(strings.TrimPrefix(line[1:], " "))
	case strings.HasPrefix(line, "* "):
		c.tells(line)
		return nil
	case strings.HasPrefix(line, "curl: ("):
		return errors.Join(c.answered(), c.failed(line))
	case promptLine.MatchString(line):
		err := errors.Join(c.answered(), c.failed(""))
		c.part, c.request = around, nil
		return err
	case dataLine.MatchString(line), meterLine.MatchString(line):
		return nil
	case statusLine.MatchString(line):
		switch {
		case c.part == headed:
			return nil // curl -i -v shows it twice
		case c.part == answerBody && len(c.answer.Body) == 0 && line == c.status:
			c.part = repetition
			return nil
		}
		return c.begins(line, plainHead)
	}
	switch c.part {
	case plainHead:
		return c.head(line)
	case repetition:
		if line == "" {
			c.part = answerBody
		}
	case answerBody:
		c.body(line)
	}
	return nil
}

// asks reads a line of a request's head.
func (c *curl) asks(text string) error {
	if m := requestLine.FindStringSubmatch(text); m != nil {
		if err := errors.Join(c.answered(), c.failed("")); err != nil {
			return err
		}
		c.part, c.sized = asked, 0
		c.request = &probe.Transcript{Method: m[1], URL: m[2], RequestHeader: make(http.Header)}
		return nil
	}
	if c.part != asked {
		return nil // somebody quotes
	}
	if text == "" {
		c.part = around
		c.request.RequestComplete = c.sized < headKept
		return nil
	}
	c.field(c.request.RequestHeader, text)
	return nil
}

// answers reads a line of an answer's head as -v shows it.
func (c *curl) answers(text string) error {
	if statusLine.MatchString(text) {
		return c.begins(text, headed)
	}
	if c.part == headed {
		return c.head(text)
	}
	return nil
}

// begins starts an answer.
func (c *curl) begins(line string, p part) error {
	if err := c.answered(); err != nil {
		return err
	}
	m := statusLine.FindStringSubmatch(line)
	status, _ := strconv.Atoi(m[2]) // three digits
	t := probe.Transcript{Remote: c.remote}
	if r := c.request; r != nil && p == headed {
		t.Method, t.RequestHeader, t.RequestComplete = r.Method, r.RequestHeader, r.RequestComplete
		t.URL = c.address(r)
	}
	t.Status, t.HTTP, t.Header = status, "HTTP/"+m[1], make(http.Header)
	c.answer, c.part, c.status, c.sized = &t, p, line, 0
	return nil
}

// address is the URL of a request, whose first line shows only a part.
func (c *curl) address(r *probe.Transcript) string {
	host := r.RequestHeader.Get("Host")
	if strings.Contains(r.URL, "://") || host == "" || r.Method == http.MethodConnect {
		return r.URL
	}
	scheme := "http"
	if c.tls {
		scheme = "https"
	}
	return scheme + "://" + host + r.URL
}

// head reads a line of an answer's head.
func (c *curl) head(line string) error {
	if line != "" {
		c.field(c.answer.Header, line)
		return nil
	}
	c.answer.HeadersComplete = c.sized < headKept && len(c.answer.Header) > 0
	c.part = answerBody
	interim := c.answer.Status < 200 && c.answer.Status != http.StatusSwitchingProtocols
	tunnel := c.answer.Method == http.MethodConnect || strings.Contains(strings.ToLower(c.status), "connection established")
	if interim || tunnel && c.answer.Status < 300 {
		c.answer, c.part = nil, around
		if tunnel {
			c.request = nil
		}
		return nil
	}
	c.request = nil
	return nil
}

// field adds a header.
func (c *curl) field(h http.Header, line string) {
	name, value, ok := strings.Cut(line, ":")
	c.sized += len(line)
	if ok && name != "" && !strings.ContainsAny(name, " \t") && c.sized < headKept {
		h.Add(name, strings.TrimSpace(value))
	}
}

// body reads a line of an answer's body; what -v tells at its end may follow without a line break.
func (c *curl) body(line string) {
	if i := bodyEnd.FindStringIndex(line); i != nil {
		line = line[:i[0]]
	}
	if len(c.answer.Body)+len(line) < bodyKept {
		c.answer.Body = append(append(c.answer.Body, line...), '\n')
	}
}

// tells reads a remark of -v.
func (c *curl) tells(line string) {
	if m := connected.FindStringSubmatch(line); m != nil {
		c.remote = ""
		if m[2] != "" {
			c.remote = net.JoinHostPort(strings.Trim(m[1], "[]"), m[2])
		}
		c.tls, c.wanted, c.alert = false, false, ""
		return
	}
	switch {
	case strings.Contains(line, "Request CERT"):
		c.wanted = true
	case strings.Contains(line, "SSL connection using"), strings.Contains(line, "TLS handshake"), strings.Contains(line, "using HTTP/2"):
		c.tls = true
	case strings.Contains(line, " alert ") && strings.Contains(line, "error"):
		c.alert = line
	}
}

// answered ends the answer that came.
func (c *curl) answered() error {
	if c.answer == nil {
		return nil
	}
	t := *c.answer
	c.answer, c.part = nil, around
	t.Body = onlyObject(bytes.TrimRight(t.Body, "\n"))
	return c.add(t)
}

// failed ends a request that no answer came for. Without curl's own error there is nothing to tell.
func (c *curl) failed(text string) error {
	r := c.request
	c.request = nil
	if text == "" || r == nil && !curlFailure.MatchString(text) {
		return nil
	}
	t := probe.Transcript{Remote: c.remote, Error: curlError(text+" "+c.alert, c.wanted)}
	if r != nil {
		t.Method, t.RequestHeader, t.RequestComplete, t.URL = r.Method, r.RequestHeader, r.RequestComplete, c.address(r)
	}
	return c.add(t)
}

// onlyObject cuts what a shell prints behind a JSON body.
func onlyObject(body []byte) []byte {
	if !bytes.HasPrefix(body, []byte("{")) {
		return body
	}
	var first json.RawMessage
	if json.NewDecoder(bytes.NewReader(body)).Decode(&first) != nil {
		return body
	}
	return first
}

// curlFailure is a failure to get an answer, by curl's exit code.
var curlFailure = regexp.MustCompile(`^curl: \((5|6|7|28|35|51|52|55|56|58|60|92|97)\) (.*)`)

// certificateAlert are the alerts 42, 46, 48 and 116 as OpenSSL words them.
var certificateAlert = regexp.MustCompile(`alert (bad certificate|certificate unknown|unknown ca|certificate required)`)

// curlError names why no answer came; wanted: the server had asked for a client certificate.
func curlError(text string, wanted bool) *probe.NetworkError {
	e := &probe.NetworkError{Phase: probe.PhaseFirstByte, Kind: "other", Text: strings.TrimSpace(text)}
	m := curlFailure.FindStringSubmatch(text)
	if m == nil {
		return e
	}
	lower := strings.ToLower(m[2])
	switch m[1] {
	case "5", "6":
		e.Phase, e.Kind = probe.PhaseDNS, "not-found"
	case "7", "97":
		e.Phase = probe.PhaseConnect
	case "35", "58":
		e.Phase = probe.PhaseTLS
	case "51", "60":
		e.Phase, e.Kind = probe.PhaseTLS, "certificate"
		return e
	case "52":
		e.Kind = "eof"
	}
	switch {
	case certificateAlert.MatchString(lower) && wanted:
		e.Phase, e.Kind = probe.PhaseTLS, "certificate-wanted"
	case strings.Contains(lower, " alert "):
		e.Phase, e.Kind = probe.PhaseTLS, "alert"
	case strings.Contains(lower, "timed out"), strings.Contains(lower, "timeout"):
		e.Kind = "timeout"
	case strings.Contains(lower, "refused"):
		e.Kind = "refused"
	case strings.Contains(lower, "reset"):
		e.Kind = "reset"
	}
	if wanted && (e.Kind == "reset" || e.Kind == "eof") {
		e.Phase, e.Kind = probe.PhaseTLS, "certificate-dropped"
	}
	return e
}
