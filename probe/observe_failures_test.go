package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// failure is what an observation says of an answer that did not come, or not whole.
type failure struct {
	Status int
	Phase  Phase
	Kind   string
	Body   string
}

func failureOf(o *Observation) failure {
	f := failure{Status: o.Status, Body: o.Body}
	if o.Error != nil {
		f.Phase, f.Kind = o.Error.Phase, o.Error.Kind
	}
	return f
}

// TestNoAnswer observes what is not a whole HTTP answer. A denial is recognised, never inferred from one of these.
func TestNoAnswer(t *testing.T) {
	// after reads the head of a request and goes on.
	after := func(then func(s net.Conn, raw net.Conn)) func(int, net.Conn) {
		return func(_ int, c net.Conn) {
			s := secured(c)
			if _, err := readHead(bufio.NewReader(s)); err == nil {
				then(s, c)
			}
		}
	}
	say := func(text string) func(int, net.Conn) {
		return after(func(s, _ net.Conn) { fmt.Fprint(s, text); s.Close() })
	}
	hello := make([]byte, 1)
	for _, c := range []struct {
		name    string
		serve   func(int, net.Conn) // nil: nobody listens
		timeout time.Duration
		want    failure
	}{
		{name: "refused", want: failure{Phase: PhaseConnect, Kind: "refused"}},
		{
			name: "EOF instead of a handshake", want: failure{Phase: PhaseTLS, Kind: "eof"},
			serve: func(_ int, c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 5)); drain(c) },
		},
		{
			name: "reset instead of a handshake", want: failure{Phase: PhaseTLS, Kind: "reset"},
			serve: func(_ int, c net.Conn) { _, _ = io.ReadFull(c, hello[:]); resetting(c) },
		},
		{
			name: "no handshake in time", timeout: 100 * time.Millisecond, want: failure{Phase: PhaseTLS, Kind: "timeout"},
			serve: func(_ int, c net.Conn) { hang(c) },
		},
		{
			name: "plain HTTP instead of TLS", want: failure{Phase: PhaseTLS, Kind: "other"},
			serve: func(_ int, c net.Conn) {
				_, _ = io.ReadFull(c, make([]byte, 5))
				fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
				drain(c)
			},
		},
		{
			name: "EOF before the header", want: failure{Phase: PhaseFirstByte, Kind: "eof"},
			serve: after(func(s, _ net.Conn) { s.Close() }),
		},
		{
			name: "reset before the header", want: failure{Phase: PhaseFirstByte, Kind: "reset"},
			serve: after(func(_, raw net.Conn) { resetting(raw) }),
		},
		{
			name: "no header in time", timeout: 300 * time.Millisecond, want: failure{Phase: PhaseFirstByte, Kind: "timeout"},
			serve: after(func(_, raw net.Conn) { hang(raw) }),
		},
		{name: "EOF inside the header", serve: say("HTTP/1.1 200 OK\r\nX-Amz: a\r\n"), want: failure{Phase: PhaseFirstByte, Kind: "eof"}},
		{name: "no HTTP", serve: say("220 mail.example.com ready\r\n"), want: failure{Phase: PhaseFirstByte, Kind: "other"}},
		{
			name: "EOF inside the body", serve: say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\""),
			want: failure{Status: 200, Phase: PhaseBody, Kind: "eof", Body: "{\"a\""},
		},
		{
			name: "EOF inside a chunk", serve: say("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nthe"),
			want: failure{Status: 403, Phase: PhaseBody, Kind: "eof", Body: "the"},
		},
		{
			name: "body not in time", timeout: 300 * time.Millisecond,
			serve: after(func(s, raw net.Conn) {
				fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning")
				hang(raw)
			}),
			want: failure{Status: 200, Phase: PhaseBody, Kind: "timeout", Body: "beginning"},
		},
		{
			name: "body without a length", serve: say("HTTP/1.1 200 OK\r\n\r\nto the end"),
			want: failure{Status: 200, Body: "to the end"},
		},
		{
			name: "answers of information first", serve: say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
			want: failure{Status: 200, Body: "{}"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := closedAddress(t)
			if c.serve != nil {
				var conns atomic.Int32
				address = listen(t, func(n int, conn net.Conn) { conns.Add(1); c.serve(n, conn) })
				defer func() { checkEqual(t, "connections", conns.Load(), int32(1)) }()
			}
			plan := planTo(address)
			if c.timeout != 0 {
				plan.RequestTimeout = c.timeout
			}
			p := NewProber(plan, Material{})
			defer p.Close()
			o := p.Observe(t.Context(), getting(hostCustom, "/"))
			checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), c.want)
			checkEqual(t, "answered", o.Answered(), c.want.Kind == "")
			checkEqual(t, "resends", o.Resends, 0)
			if o.Received.IsZero() {
				t.Error("the time of the end is missing")
			}
		})
	}
}

// drain reads what the other side still sends, so that closing does not become a reset.
func drain(c net.Conn) {
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}

func TestNoAnswerByHTTP2(t *testing.T) {
	s := tlsServer(t, func(_ http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseFirstByte, Kind: "other"})
	s = tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "beginning")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	o = proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), getting(hostCustom, "/"))
	o.Body = "" // a reset of the stream may overtake its data
	checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Status: 200, Phase: PhaseBody, Kind: "other"})
}

// TestNetworkError names errors that loopback does not bring about.
func TestNetworkError(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		name   string
		err    error
		phase  Phase
		wanted bool
		want   failure
	}{
		{"NXDOMAIN", dial(&net.DNSError{Err: "no such host", Name: "name.invalid", IsNotFound: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "not-found"}},
		{"NXDOMAIN, late", dial(&net.DNSError{Err: "no such host", IsNotFound: true}), PhaseConnect, false, failure{Phase: PhaseDNS, Kind: "not-found"}},
		{"DNS in time", dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "timeout"}},
		{"DNS canceled", dial(&net.DNSError{Err: "operation was canceled", UnwrapErr: context.Canceled}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "canceled"}},
		{
			"DNS in time, of the context", dial(&net.DNSError{Err: "i/o timeout", UnwrapErr: context.DeadlineExceeded, IsTimeout: true}), PhaseDNS, false,
			failure{Phase: PhaseDNS, Kind: "timeout"},
		},
		{"DNS server that fails", dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), PhaseDNS, false, failure{Phase: PhaseDNS, Kind: "other"}},
		{"dial in time", dial(context.DeadlineExceeded), PhaseConnect, false, failure{Phase: PhaseConnect, Kind: "timeout"}},
		{"no route", dial(errors.New("no route to host")), PhaseConnect, false, failure{Phase: PhaseConnect, Kind: "other"}},
		{"alert", errors.New("remote error: tls: handshake failure"), PhaseTLS, true, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"alert 42", errors.New("remote error: tls: bad certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 45", errors.New("remote error: tls: expired certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"alert 46", errors.New("remote error: tls: unknown certificate"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 48", errors.New("remote error: tls: unknown certificate authority"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 116", errors.New("remote error: tls: certificate required"), PhaseFirstByte, true, failure{Phase: PhaseTLS, Kind: "certificate-wanted"}},
		{"alert 116, not asked", errors.New("remote error: tls: certificate required"), PhaseFirstByte, false, failure{Phase: PhaseTLS, Kind: "alert"}},
		{"unknown", errors.New("something else"), PhaseWrite, true, failure{Phase: PhaseWrite, Kind: "other"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := networkError(c.err, c.phase, c.wanted)
			checkEqual(t, "outcome", failure{Phase: e.Phase, Kind: e.Kind}, c.want)
			checkEqual(t, "in one line", e.String(), fmt.Sprintf("%s: %s: %s", c.want.Phase, c.want.Kind, c.err))
		})
	}
}

// TestPhase holds the phases against what a trace has seen.
func TestPhase(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		want Phase
		seen *trace
	}{
		{PhaseConnect, &trace{}},
		{PhaseDNS, &trace{dns: now}},
		{PhaseConnect, &trace{dns: now, dialing: now}},
		{PhaseTLS, &trace{dialing: now, shaking: now}},
		{PhaseWrite, &trace{dialing: now, shaking: now, conns: 1}},
		{PhaseFirstByte, &trace{conns: 1, wrote: now}},
		{PhaseBody, &trace{conns: 1, wrote: now, reading: true}},
	} {
		checkEqual(t, fmt.Sprintf("phase of %+v", c.seen), c.seen.phase(), c.want)
	}
}

// TestCancel ends an exchange while each party waits for the other.
func TestCancel(t *testing.T) {
	t.Run("before the header", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		address := listen(t, func(_ int, c net.Conn) {
			if _, err := readHead(bufio.NewReader(secured(c))); err == nil {
				cancel()
				hang(c)
			}
		})
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseFirstByte, Kind: "canceled"})
	})
	t.Run("before anything", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		address := listen(t, func(int, net.Conn) { t.Error("a connection was made") })
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseConnect, Kind: "canceled"})
	})
	t.Run("inside the handshake", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		address := listen(t, func(_ int, c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 5)); cancel(); hang(c) })
		o := proberTo(t, address).Observe(ctx, getting(hostCustom, "/"))
		checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseTLS, Kind: "canceled"})
	})
}

func TestRequestThatCannotBeSent(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"URL":    func(r *Request) { r.URL = "https://" + hostCustom + "/\x7f" },
		"method": func(r *Request) { r.Method = "GE T" },
		"header": func(r *Request) { r.Header.Set("X-Broken", "a\nb") },
	} {
		t.Run(name, func(t *testing.T) {
			r := getting(hostCustom, "/")
			change(r)
			address := listen(t, func(int, net.Conn) { t.Error("a connection was made") })
			o := proberTo(t, address).Observe(t.Context(), r)
			checkEqual(t, fmt.Sprint("outcome with error ", o.Error), failureOf(o), failure{Phase: PhaseConnect, Kind: "other"})
		})
	}
}
