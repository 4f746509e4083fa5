package probe

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// connecting is the crafted handshake with hostDefault.
func connecting(t *testing.T) *Request {
	t.Helper()
	api := API{
		Name: "chat", Type: WebSocket, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
		Routes: []Route{{Path: ConnectRoute, Authorization: AuthNone, Query: map[string][]string{"room": {"1"}}}},
	}
	c := Case{Scenario: Scenario{Name: "unsigned"}, Target: Target{API: api, Route: api.Routes[0], Access: api.Door()}}
	r, err := Craft(c, Material{}, Crafting{Run: "run", UserAgent: "probe/test", Now: time.Unix(0, 0)}, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHandshake(t *testing.T) {
	r := connecting(t)
	if got, want := r.Method+" "+r.URL, "GET https://"+hostDefault+"/prod?room=1"; got != want {
		t.Errorf("request: got %s, want %s", got, want)
	}
	closed := make(chan websocket.StatusCode, 1)
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accepting: %v", err)
			return
		}
		_, data, err := conn.Read(r.Context())
		if err == nil {
			t.Errorf("got the message %q, want none", data)
		}
		closed <- websocket.CloseStatus(err)
	})
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), r)
	type seen struct {
		Status int
		HTTP   string
		Error  *NetworkError
		Closed websocket.StatusCode
	}
	checkEqual(t, "handshake", seen{o.Status, o.HTTP, o.Error, <-closed}, seen{101, "HTTP/1.1", nil, websocket.StatusNormalClosure})
}

// TestHandshakeRefused: the whole answer is kept, however long it is.
func TestHandshakeRefused(t *testing.T) {
	long := string(make([]byte, 3000))
	s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(long))
	})
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), connecting(t))
	if o.Status != 403 || len(o.Body) != len(long) || o.Error != nil {
		t.Errorf("got status %d, %d bytes, error %v, want 403, %d bytes", o.Status, len(o.Body), o.Error, len(long))
	}
}

// TestHandshakeOfAnother: an answer that was made for another handshake opens nothing.
func TestHandshakeOfAnother(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"))
	}, onlyHTTP1)
	o := proberTo(t, s.Listener.Addr().String()).Observe(t.Context(), connecting(t))
	want := &NetworkError{Phase: PhaseFirstByte, Kind: "other", Text: "101, but Sec-WebSocket-Accept is not that of this handshake"}
	if diff := cmp.Diff(want, o.Error); diff != "" || o.Answered() {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// TestHandshakesAreEqual: what differs in each handshake is read by nobody.
func TestHandshakesAreEqual(t *testing.T) {
	a, b := connecting(t), connecting(t)
	upgrade(b.Header, "another")
	if a.Header.Get(headerSocketKey) == b.Header.Get(headerSocketKey) {
		t.Fatal("got the same key twice, want two")
	}
	all := func(lines ...string) string { return strings.Join(lines, "\n") }
	checkEqual(t, "facet of the headers", otherHeaders(b.Header, all), otherHeaders(a.Header, all))
}

// TestSocketFingerprints names the shape of an answer to a handshake, and the layers that are left as a rule.
func TestSocketFingerprints(t *testing.T) {
	type shape struct{ Name, Plausible string }
	silent := http.Header{"X-Amz-Apigw-Id": {"x"}}
	for name, tt := range map[string]struct {
		status int
		header http.Header
		body   string
		want   shape
	}{
		"accepted":               {101, silent, "", shape{"", "none"}},
		"taken for a request":    {200, silent, `{"ok":true}`, shape{"handshake-ignored", "backend or none"}},
		"no token":               {401, silent, `{"message":"Unauthorized"}`, shape{"handshake-refused", "lambda-authorizer"}},
		"status alone":           {403, silent, "", shape{"handshake-refused", "domain or stage or route or iam-authentication or lambda-authorizer or api-key"}},
		"application's own":      {403, silent, `{"error":"no"}`, shape{"handshake-refused", "backend"}},
		"integration failed":     {502, silent, `{"message": "Internal server error"}`, shape{"handshake-refused", "integration"}},
		"with an error type":     {403, http.Header{"X-Amz-Apigw-Id": {"x"}, "X-Amzn-Errortype": {missingToken}}, `{"message":"Missing Authentication Token"}`, shape{"missing-authentication-token", "route or iam-authentication"}},
		"answer of an HTTP API":  {404, http.Header{"Apigw-Requestid": {"x"}}, `{"message":"Not Found"}`, shape{"http-not-found", "domain or stage or route or backend"}},
		"something else's error": {503, http.Header{"Server": {"nginx"}}, "markup", shape{"handshake-refused", "backend"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := &Observation{Status: tt.status, HeadersComplete: true}
			o.readHeaders(tt.header, newRedactor(nil))
			o.readBody([]byte(tt.body), "", func(s string) string { return s })
			e := Exchange{Request: connecting(t), Observation: o}
			e.Case.Route.Path = ConnectRoute
			x := group(&Plan{}, []Exchange{e}, nil)[0]
			s := newState(x)
			s.drop(s.plainConditions(), true)
			got := shape{Plausible: join(s.left)}
			if x.row != nil {
				got.Name = x.row.name
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
