package probe

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	bodyRead = 64 << 10 // of an answer's body
	bodyKept = 4 << 10
)

// Prober sends requests. It is the only place that opens a socket to a probed host.
type Prober struct {
	transports *transports
	timeout    time.Duration
	clean      *redactor
}

// NewProber returns a prober for the hosts of a plan. The secrets of material are taken out of everything observed.
func NewProber(plan *Plan, material Material) *Prober {
	timeout := plan.RequestTimeout
	if timeout == 0 {
		timeout = DefaultRequestTimeout
	}
	return &Prober{newTransports(plan), timeout, newRedactor(material.values(plan))}
}

// Close closes idle connections.
func (p *Prober) Close() { p.transports.close() }

// Observe sends a request once and returns what came back, redacted. It never fails: that no answer came is an
// observation, too.
func (p *Prober) Observe(ctx context.Context, r *Request) *Observation {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	t := &trace{start: time.Now()}
	o := &Observation{Sent: t.start, HeadersComplete: true, Headers: map[string]string{}}
	clean := p.clean
	if signature := r.signature(); signature != "" {
		clean = clean.with(signature)
	}
	if token := r.token.Reveal(); clean.text(token) != redacted { // one that was derived
		clean = clean.with(token)
	}
	fail := func(err error) *Observation {
		t.finish(o)
		if strings.Contains(err.Error(), deadConn) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			err = cmp.Or(t.alert(), err)
		}
		o.Error = networkError(err, t.phase(), t.wanted())
		if e := o.Error; t.wanted() && !t.transport.answered.Load() && (e.Kind == "reset" || e.Kind == "eof") && e.Phase != PhaseBody {
			// The alert was lost to the reset that follows it, or there was none.
			e.Phase, e.Kind = PhaseTLS, "certificate-dropped"
		}
		o.Error.Text = clean.text(o.Error.Text)
		return o
	}
	tr, err := p.transports.get(r.name(), r.ClientCertificate)
	if err != nil {
		return fail(err)
	}
	t.transport = tr
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, t.hooks()), r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return fail(err)
	}
	req.Header, req.Host = r.Header.Clone(), r.Host
	res, err := tr.RoundTrip(req)
	if err != nil {
		return fail(err)
	}
	tr.answered.Store(true)
	if res.StatusCode == http.StatusSwitchingProtocols {
		hangUp(res.Body)
		t.finish(o)
		o.answer(res, nil, clean)
		if !r.answersHandshake(res) {
			o.Error = &NetworkError{Phase: PhaseFirstByte, Kind: "other", Text: "101, but Sec-WebSocket-Accept is not that of this handshake"}
		}
		return o
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyRead))
	if err != nil {
		t.reading = true
		fail(err)
		// What was observed of the answer is kept beside the error.
		o.answer(res, body, clean)
		return o
	}
	t.finish(o)
	o.answer(res, body, clean)
	return o
}

// answer fills in what an HTTP answer says.
func (o *Observation) answer(res *http.Response, body []byte, clean *redactor) {
	o.Status, o.HTTP = res.StatusCode, res.Proto
	o.readHeaders(res.Header, clean)
	o.ServerDate, _ = http.ParseTime(res.Header.Get("Date"))
	o.readBody(body, res.Header.Get("Content-Encoding"), clean.text)
}

// readBody takes over what of a body is kept, without secrets.
func (o *Observation) readBody(body []byte, encoding string, clean func(string) string) {
	sum := sha256.Sum256(body)
	o.BodySHA256 = hex.EncodeToString(sum[:])
	if strings.EqualFold(encoding, "gzip") {
		body = gunzip(body)
	}
	text := clean(unescape(strings.ToValidUTF8(string(body), "\uFFFD")))
	o.readMessage(text)
	o.text, o.Message = clean(o.text), clean(o.Message) // decoding may have brought a secret together
	if len(text) > bodyKept {
		text = strings.ToValidUTF8(text[:bodyKept], "")
	}
	o.Body = text
}

// gunzip decodes as much as it can; a body that is none stays as it is.
func gunzip(body []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	decoded, _ := io.ReadAll(io.LimitReader(z, bodyRead)) // a cut stream still gives its beginning
	return decoded
}

// trace collects the phases of one exchange. A connection attempt may still report after the exchange is over.
type trace struct {
	mu                                                                   sync.Mutex
	transport                                                            *transport
	start                                                                time.Time
	dns, dnsDone, dialing, connected, shaking, secured, wrote, firstByte time.Time

	conns        int
	secure       *tls.Conn // of the last connection
	reading      bool
	remote, conn string
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { t.mark(&t.dns, nil) },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.mark(&t.dnsDone, nil) },
		ConnectStart:         func(string, string) { t.mark(&t.dialing, nil) },
		ConnectDone:          func(_, _ string, err error) { t.mark(&t.connected, err) },
		TLSHandshakeStart:    func() { t.mark(&t.shaking, nil) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { t.mark(&t.secured, err) },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { t.mark(&t.wrote, i.Err) },
		GotFirstResponseByte: func() { t.mark(&t.firstByte, nil) },
		GotConn: func(i httptrace.GotConnInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.conns++
			t.remote = i.Conn.RemoteAddr().String()
			// The local port tells the connections of a run apart.
			t.conn = i.Conn.LocalAddr().String() + ">" + t.remote
			t.secure, _ = i.Conn.(*tls.Conn)
		},
	}
}

func (t *trace) mark(at *time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		*at = time.Now()
	}
}

// finish fills in where and how long an exchange was.
func (t *trace) finish(o *Observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o.Received = time.Now()
	o.Remote, o.Conn = t.remote, t.conn
	o.Resends = max(0, t.conns-1)
	between := func(from, to time.Time) float64 {
		if from.IsZero() || to.IsZero() {
			return 0
		}
		return milliseconds(to.Sub(from))
	}
	o.Timings = Timings{
		DNS: between(t.dns, t.dnsDone), Connect: between(t.dialing, t.connected), TLS: between(t.shaking, t.secured),
		FirstByte: between(t.start, t.firstByte), Total: milliseconds(o.Received.Sub(t.start)),
	}
}

func (t *trace) wanted() bool { return t.transport != nil && t.transport.wanted.Load() }

// alert returns the TLS alert that ended a dead connection, if one did: what net/http noticed first may be that it
// cannot write any more, and its HTTP/2 has an error of its own for that.
func (t *trace) alert() error {
	t.mu.Lock()
	conn := t.secure
	t.mu.Unlock()
	if conn == nil {
		return nil
	}
	// It fails on a connection that net/http has closed; that one still knows what ended its reading.
	_ = conn.SetReadDeadline(time.Now().Add(alertWait))
	if _, err := conn.Read(make([]byte, 1)); err != nil && strings.Contains(err.Error(), remoteAlert) {
		return err
	}
	return nil
}

// deadConn is how net/http's HTTP/2 words that a new connection ended before its first answer.
const deadConn = "client conn could not be established"

// alertWait is for an alert that has arrived and was not read yet.
const alertWait = 50 * time.Millisecond

// remoteAlert is how crypto/tls words an alert of the other side.
const remoteAlert = "remote error: tls:"

// phase is the step in which an exchange failed.
func (t *trace) phase() Phase {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.reading:
		return PhaseBody
	case !t.wrote.IsZero():
		return PhaseFirstByte
	case t.conns > 0:
		return PhaseWrite
	case !t.shaking.IsZero():
		return PhaseTLS
	case !t.dialing.IsZero():
		return PhaseConnect
	case !t.dns.IsZero():
		return PhaseDNS
	default:
		return PhaseConnect
	}
}

// milliseconds rounds to microseconds: more digits say nothing.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// networkError names why no answer came by a closed list of kinds.
func networkError(err error, phase Phase, certificateWanted bool) *NetworkError {
	e := &NetworkError{Phase: phase, Kind: "other", Text: err.Error()}
	var (
		dns      *net.DNSError
		verify   *tls.CertificateVerificationError
		hostname x509.HostnameError
		timeout  net.Error
		proxy    *proxyRefusal
	)
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind = "canceled"
		if errors.As(err, &dns) {
			e.Phase = PhaseDNS
		}
	case errors.As(err, &proxy):
		e.Phase, e.Kind, e.Text = PhaseConnect, "proxy-refused", proxy.Error()
	case errors.As(err, &dns):
		e.Phase = PhaseDNS
		switch {
		case dns.IsNotFound:
			e.Kind = "not-found"
		case dns.IsTimeout:
			e.Kind = "timeout"
		}
	case errors.As(err, &verify), errors.As(err, &hostname):
		e.Phase, e.Kind = PhaseTLS, "certificate"
	case strings.Contains(err.Error(), remoteAlert):
		// In TLS 1.3 the alert comes after the client's side of the handshake is done.
		e.Phase, e.Kind = PhaseTLS, "alert"
		if certificateWanted && alertAboutCertificate(err.Error()) {
			e.Kind = "certificate-wanted"
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind = "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), strings.Contains(err.Error(), deadConn):
		e.Kind = "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Kind = "eof"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Kind = "timeout"
	}
	return e
}

// alertAboutCertificate reports whether a TLS alert is one of 42, 46, 48 and 116 (RFC 8446, section 6.2).
func alertAboutCertificate(text string) bool {
	for _, alert := range []string{"bad certificate", "unknown certificate", "certificate required"} {
		if strings.Contains(text, alert) {
			return true
		}
	}
	return false
}

// values lists every secret that a run with this material can put on the wire.
func (m Material) values(plan *Plan) []Secret {
	var out []Secret
	for _, c := range m.Credentials {
		out = append(out, c.SecretAccessKey, c.SessionToken)
	}
	for _, s := range m.Secrets {
		out = append(out, s.Secret)
	}
	for _, ref := range plan.References() {
		out = append(out, ref.Value)
	}
	// The word before a token is no secret: it begins texts of gateways, too.
	for i, s := range out {
		if scheme, token := splitScheme(s.Reveal()); strings.EqualFold(scheme, "Bearer") {
			out[i] = NewSecret(token)
		}
	}
	return out
}

var _ fmt.Stringer = (*NetworkError)(nil)

// String is the failure in one line.
func (e *NetworkError) String() string { return fmt.Sprintf("%s: %s: %s", e.Phase, e.Kind, e.Text) }
