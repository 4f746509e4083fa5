package sandbox

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// socketWorld is a world whose API is a WebSocket API with this route $connect.
func socketWorld(connect Route) Model {
	m := world()
	connect.Path = "$connect"
	m.APIs[0] = API{
		ID: "a1b2c3d4e5", Name: "chat", Account: account, Region: "eu-west-1", Type: WebSocket,
		Stages: []Stage{{Name: "prod"}},
		Authorizers: []Authorizer{
			{Name: "request", Type: RequestAuthorizer, Function: decisionTable, Sources: []IdentitySource{{Query: "token"}}},
		},
		Routes: []Route{
			connect,
			{Path: "hello", Authorization: None, Backend: Backend{Body: "world"}},
			{Path: "quiet", Authorization: None},
			{Path: "broken", Authorization: None, Backend: Backend{Kind: Throws}},
			{Path: "refused", Authorization: None, Backend: Backend{Status: 401, Body: "no"}},
		},
	}
	return m
}

// handshake is a request to become a WebSocket, made in process.
func handshake(target string, headers ...string) *http.Request {
	return get(target, append(headers, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")...)
}

// dial makes the handshake over a real connection. Without a WebSocket the answer
// comes with its body read.
func dial(t *testing.T, g *Gateway, r *http.Request) (*websocket.Conn, *http.Response, string) {
	t.Helper()
	s, config := serve(t, g)
	client := clientOf(s, config, false)
	t.Cleanup(client.CloseIdleConnections)
	header := r.Header.Clone()
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Version", "Sec-Websocket-Key"} {
		header.Del(name)
	}
	conn, resp, err := websocket.Dial(t.Context(), r.URL.String(), &websocket.DialOptions{HTTPClient: client, HTTPHeader: header})
	if err == nil {
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn, resp, ""
	}
	if resp == nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return nil, resp, string(body)
}

func TestHandshake(t *testing.T) {
	none, iam := Route{Authorization: None}, Route{Authorization: IAM}
	custom := Route{Authorization: Custom, Authorizer: "request"}
	keyed := Route{Authorization: None, APIKeyRequired: true}
	answering := func(b Backend) Route { return Route{Authorization: None, Backend: b} }
	const denied = "User is not authorized to access this resource with an explicit deny in an identity-based policy"
	outsider := Principal{AccessKeyID: "AKIAOUTSIDER", SecretKey: "secret", ARN: "arn:aws:iam::" + account + ":user/outsider"}
	noRights := "User: arn:aws:iam::111122223333:user/outsider is not authorized to perform: execute-api:Invoke on resource: " +
		"arn:aws:execute-api:eu-west-1:********3333:a1b2c3d4e5/prod/$connect because no identity-based policy allows the execute-api:Invoke action"
	for name, tc := range map[string]struct {
		connect Route
		send    *http.Request
		status  int
		message string
		truth   string
	}{
		"open":             {none, handshake("/prod"), 101, "", accepted},
		"slash":            {none, handshake("/prod/"), 101, "", accepted},
		"other origin":     {none, handshake("/prod", "Origin: https://elsewhere.test"), 101, "", accepted},
		"custom domain":    {none, handshake(domain + "/orders"), 101, "", accepted},
		"unknown stage":    {none, handshake("/dev"), 403, "Forbidden", "stage/unknown-stage"},
		"below the stage":  {none, handshake("/prod/x"), 403, "Forbidden", "route/no-such-resource"},
		"signed":           {iam, signed(handshake("/prod"), caller()), 101, "", accepted},
		"presigned":        {iam, signing{presign: true}.sign(handshake("/prod"), caller()), 101, "", accepted},
		"unsigned":         {iam, handshake("/prod"), 403, "Missing Authentication Token", "iam-authentication/unsigned-to-iam"},
		"no rights":        {iam, signed(handshake("/prod"), &outsider), 403, noRights, "iam-authorization/iam-implicit-deny"},
		"allowed":          {custom, handshake("/prod?token=allow"), 101, "", accepted},
		"no identity":      {custom, handshake("/prod"), 401, "Unauthorized", "lambda-authorizer/lambda-authorizer-missing-identity-source"},
		"denied":           {custom, handshake("/prod?token=deny"), 403, denied, "lambda-authorizer/lambda-authorizer-deny"},
		"thrown":           {custom, handshake("/prod?token=x"), 401, "Unauthorized", "lambda-authorizer/lambda-authorizer-unauthorized"},
		"malformed":        {custom, handshake("/prod?token=malformed"), 500, "", "lambda-authorizer/lambda-authorizer-misconfigured"},
		"key":              {keyed, handshake("/prod", "x-api-key: "+goodKey), 101, "", accepted},
		"no key":           {keyed, handshake("/prod"), 403, "Forbidden", "api-key/missing-api-key"},
		"function throws":  {answering(Backend{Kind: Throws}), handshake("/prod"), 502, "Internal server error", "integration/integration-failure"},
		"function refuses": {answering(Backend{Status: 401, Body: "no"}), handshake("/prod"), 401, "no", "backend/backend-own-401"},
	} {
		t.Run(name, func(t *testing.T) {
			g := gateway(t, socketWorld(tc.connect))
			conn, resp, body := dial(t, g, tc.send)
			if m := oneKey.FindStringSubmatch(body); m != nil && m[1] == "message" {
				body = m[3]
			}
			if body == `{"message":null}` {
				body = ""
			}
			tr, _ := g.Truth(resp.Header.Get(requestIDHeader))
			got := []any{conn != nil, resp.StatusCode, body, tr.Layer + "/" + tr.Cause, tr.Status}
			if diff := cmp.Diff([]any{tc.status == 101, tc.status, tc.message, tc.truth, tc.status}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	g := gateway(t, socketWorld(none))
	if got := ask(t, g, get("/prod")); got.Status != 403 || got.Message != "Forbidden" || got.Cause != "websocket-not-upgraded" {
		t.Errorf("no handshake: got %+v", got)
	}
}

// A powertools issue: a policy for the methods of REST APIs does not fit the
// key of a route.
func TestPolicyWithMethodsRefusesConnect(t *testing.T) {
	m := socketWorld(Route{Authorization: Custom, Authorizer: "request"})
	m.APIs[0].Authorizers[0].Function.Otherwise = Decision{Policy: Policy{{Effect: Allow, Resource: []string{"execute-api:/prod/*/*"}}}}
	if got := truth(t, gateway(t, m), handshake("/prod?token=t")); got != "lambda-authorizer/lambda-authorizer-deny" {
		t.Errorf("got %s", got)
	}
}

var ids = regexp.MustCompile(`"[A-Za-z0-9+/]{15}="`)

// After the handshake the gateway only routes: what no route takes is Forbidden,
// whoever sent it.
func TestFrames(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	g := gateway(t, socketWorld(Route{Authorization: None}))
	conn, _, _ := dial(t, g, handshake("/prod"))
	const forbidden = `{"message": "Forbidden", "connectionId":"…", "requestId":"…"}`
	const failed = `{"message": "Internal server error", "connectionId":"…", "requestId":"…"}`
	for _, step := range []struct{ send, want, truth string }{
		{"hi", forbidden, "route/websocket-no-route"},
		{`{"action":"nothing"}`, forbidden, "route/websocket-no-route"},
		{`{"action":"$connect"}`, forbidden, "route/websocket-no-route"},
		{`{"action":"hello"}`, "world", accepted},
		{`{"action":"broken"}`, failed, "integration/integration-failure"},
		{`{"action":"quiet"}`, "", accepted},
		{`{"action":"refused"}`, "", "backend/backend-own-401"},
		{`{"action":"hello","to":1}`, "world", accepted},
	} {
		before := len(g.Truths())
		if err := conn.Write(ctx, websocket.MessageText, []byte(step.send)); err != nil {
			t.Fatal(err)
		}
		if step.want != "" {
			_, data, err := conn.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids.ReplaceAllString(string(data), `"…"`); got != step.want {
				t.Errorf("%s: got %s, want %s", step.send, got, step.want)
			}
		}
		for deadline := time.Now().Add(5 * time.Second); len(g.Truths()) == before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // nothing else tells that a frame without an answer has arrived
		}
		all := g.Truths()
		if tr := all[len(all)-1]; tr.Layer+"/"+tr.Cause != step.truth {
			t.Errorf("%s: got truth %+v, want %s", step.send, tr, step.truth)
		}
	}
	m := socketWorld(Route{})
	m.APIs[0].Routes[0] = Route{Path: "$default", Authorization: None, Backend: Backend{Body: "default"}} // in place of $connect
	conn, _, _ = dial(t, gateway(t, m), handshake("/prod"))
	if err := conn.Write(ctx, websocket.MessageText, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := conn.Read(ctx); err != nil || string(data) != "default" {
		t.Errorf("default route: got %s, %v", data, err)
	}
}

// Closing the server ends what has become a WebSocket.
func TestCloseEndsWebSockets(t *testing.T) {
	g := gateway(t, socketWorld(Route{Authorization: None}))
	s, err := g.Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	client := clientOf(s, rootsOf(t, s), false)
	conn, _, err := websocket.Dial(t.Context(), "wss://"+host+"/prod", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, _, err := conn.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("still connected: %v", err)
	}
}
