package daemon

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// minToken is how long a token has to be: nobody guesses one of so many characters.
const minToken = 16

// Access says who may speak to the daemon.
type Access struct {
	Token       string // "": none is asked for
	Certificate bool   // clients show one that their authority signed
}

// Check refuses an address that others can reach where nobody has to show anything, and a token that could be guessed.
func (a Access) Check(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listening: got %q, want an address such as 127.0.0.1:9842", listen)
	}
	if a.Token != "" && len(a.Token) < minToken {
		return fmt.Errorf("reading the token: got %d characters, want at least %d", len(a.Token), minToken)
	}
	if !loopback(host) && !a.asks() {
		return fmt.Errorf("listening on %q: others can reach it, and nobody would have to show a token or a certificate", listen)
	}
	return nil
}

func (a Access) asks() bool { return a.Token != "" || a.Certificate }

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// maxBody bounds what a request may say.
const maxBody = 64 << 10

// guard lets only those requests through that may do what they ask for.
type guard struct {
	Access
	next  http.Handler
	log   *slog.Logger
	cross *http.CrossOriginProtection
	said  *rate.Sometimes // refusals in the log: a flood of them fills no disk
}

func newGuard(a Access, log *slog.Logger, next http.Handler) *guard {
	return &guard{a, next, log, http.NewCrossOriginProtection(), &rate.Sometimes{First: 100, Interval: time.Second}}
}

// open are the paths that tell nothing but that the daemon is there, for those who watch processes.
func open(path string) bool { return path == "/healthz" || path == "/readyz" }

var (
	errHost  = errors.New("got a name of another host; ask for 127.0.0.1 or localhost, or use a token")
	errToken = errors.New("got no token, or a wrong one")
	errCross = errors.New("got a request of another site")
)

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	if status, err := g.refuse(r); err != nil {
		g.said.Do(func() {
			g.log.Warn("a request was refused", "why", err, "remote", r.RemoteAddr, "method", r.Method, "path", short(r.URL.Path))
		})
		if status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", `Basic realm="probe", charset="UTF-8"`)
		}
		writeError(w, status, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	g.next.ServeHTTP(w, r)
}

// refuse says why a request may not be answered.
func (g *guard) refuse(r *http.Request) (int, error) {
	if open(r.URL.Path) {
		return 0, nil
	}
	switch {
	case g.Token != "" && !g.shown(r):
		return http.StatusUnauthorized, errToken
	case !g.asks() && !loopback(hostOf(r)): // a page whose name somebody points here (DNS rebinding)
		return http.StatusMisdirectedRequest, errHost
	case g.cross.Check(r) != nil:
		return http.StatusForbidden, errCross
	}
	return 0, nil
}

// shown reports whether a request bears the token, as a bearer's or as the password of whoever. How long that takes says
// nothing of the token.
func (g *guard) shown(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		_, token, _ = r.BasicAuth()
	}
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.Token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// hostOf is the name that a request was sent to, without its port.
func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return strings.Trim(host, "[]")
}

// short is a text of a stranger, bounded for a log.
func short(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
