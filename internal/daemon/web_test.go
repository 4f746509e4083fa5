package daemon

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/metrics"
	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const token = "a token that nobody guesses"

// newWeb is the interface of a daemon with the environment "prod", whose runs end when release is closed.
func newWeb(t *testing.T, access Access) (web *Web, w *world, release chan struct{}) {
	t.Helper()
	history, err := store.Open(filepath.Join(t.TempDir(), "probe.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { history.Close() })
	w = newWorld(t, time.Now())
	release = make(chan struct{})
	e := w.running("prod", "0 0 1 1 *", "", func(ctx context.Context, yield func(probe.Event) bool) {
		run := probe.RunInfo{ID: "6f0e1f2a", Environment: "prod", Started: time.Now(), Complete: true}
		yield(probe.RunStarted{Run: run, Cases: 1})
		select {
		case <-release:
		case <-ctx.Done():
		}
		yield(probe.RunFinished{Report: probe.Report{Version: probe.SchemaVersion, Run: run, Results: []probe.Result{}, Extra: []probe.Result{}}})
	})
	e.Matrix.Plan.APIs = []probe.API{{Name: "orders"}}
	w.environments = []Environment{e}
	counted := metrics.New("test")
	o := w.options()
	o.Log, o.Meter, o.Keep = slog.New(slog.NewTextHandler(&locked{w: &w.log, mu: &w.mu}, nil)), counted, history
	d, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-release:
		default:
			close(release)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for d.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	return &Web{
		Daemon: d, Access: access, Store: history, Metrics: counted.Handler(),
		Media: func(format string) (string, bool) { return "text/" + format, format != "nonsense" },
		Render: func(w io.Writer, format string, r probe.Report) error {
			_, err := fmt.Fprintf(w, "%s of %s", format, r.Run.ID)
			return err
		},
	}, w, release
}

// TestGuard says who is let in. Whoever is not learns nothing, changes nothing, and leaves a line in the log.
func TestGuard(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+token))
	for _, tt := range []struct {
		name, method, path, host string
		access                   Access
		header                   map[string]string
		body                     string
		status                   int
	}{
		{name: "loopback", path: "/api/v1/environments", host: "127.0.0.1:9842", status: 200},
		{name: "loopback by name", path: "/api/v1/environments", host: "localhost:9842", status: 200},
		{name: "loopback of IPv6", path: "/api/v1/environments", host: "[::1]:9842", status: 200},
		{name: "rebound name", path: "/api/v1/environments", host: "evil.example:9842", status: 421},
		{name: "name that only begins well", path: "/api/v1/environments", host: "127.0.0.1.evil.example", status: 421},
		{name: "no name", path: "/metrics", host: "", status: 421},
		{name: "health for all", path: "/healthz", host: "10.0.0.1", status: 200},
		{name: "readiness for all", path: "/readyz", host: "10.0.0.1", access: Access{Token: token}, status: 200},
		{name: "metrics", path: "/metrics", host: "localhost", status: 200},

		{name: "no token", path: "/api/v1/environments", host: "localhost", access: Access{Token: token}, status: 401},
		{name: "no token for metrics", path: "/metrics", host: "localhost", access: Access{Token: token}, status: 401},
		{name: "no token for nothing", path: "/nothing", host: "localhost", access: Access{Token: token}, status: 401},
		{name: "wrong token", path: "/api/v1/environments", access: Access{Token: token}, header: map[string]string{"Authorization": "Bearer " + token + "x"}, status: 401},
		{name: "empty token", path: "/api/v1/environments", access: Access{Token: token}, header: map[string]string{"Authorization": "Bearer "}, status: 401},
		{name: "token in the query", path: "/api/v1/environments?token=" + strings.ReplaceAll(token, " ", "+"), access: Access{Token: token}, status: 401},
		{name: "token", path: "/api/v1/environments", host: "probe.example.com", access: Access{Token: token}, header: map[string]string{"Authorization": "Bearer " + token}, status: 200},
		{name: "token as a password", path: "/api/v1/environments", access: Access{Token: token}, header: map[string]string{"Authorization": basic}, status: 200},

		{name: "run now", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost", status: 202},
		{name: "run now from our page", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost", header: map[string]string{"Sec-Fetch-Site": "same-origin"}, status: 202},
		{name: "run now from another site", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost", header: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403},
		{name: "run now from a site beside ours", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost:9842", header: map[string]string{"Sec-Fetch-Site": "same-site"}, status: 403},
		{name: "run now from another origin", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost:9842", header: map[string]string{"Origin": "http://localhost:3000"}, status: 403},
		{name: "run now from another site with a token", method: "POST", path: "/api/v1/environments/prod/run", access: Access{Token: token}, header: map[string]string{"Authorization": basic, "Origin": "https://evil.example"}, status: 403},
		{name: "a form", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "apis=orders", status: 400},
		{name: "too much", method: "POST", path: "/api/v1/environments/prod/run", host: "localhost", header: map[string]string{"Content-Type": "application/json"}, body: `{"apis":["` + strings.Repeat("a", maxBody) + `"]}`, status: 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			web, w, _ := newWeb(t, tt.access)
			method := tt.method
			if method == "" {
				method = "GET"
			}
			r := httptest.NewRequest(method, tt.path, strings.NewReader(tt.body))
			r.Host = tt.host
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			answer := httptest.NewRecorder()
			web.Handler().ServeHTTP(answer, r)
			if answer.Code != tt.status {
				t.Errorf("got %d: %s, want %d", answer.Code, answer.Body, tt.status)
			}
			logged, refused := w.logged(), tt.status >= 400
			if got := strings.Contains(logged, "a request was refused") || strings.Contains(logged, "a request failed"); got != refused {
				t.Errorf("refused is %v, and the log says %s", refused, logged)
			}
			if ran := len(w.startsOf("prod")) > 0 || web.Daemon.Status().Environments[0].Running != nil; ran != (tt.status == 202) {
				t.Errorf("got a run: %v", ran)
			}
			for _, text := range []string{logged, answer.Body.String(), fmt.Sprint(answer.Header())} {
				if strings.Contains(text, token) || strings.Contains(text, basic) {
					t.Errorf("the token stands in %s", text)
				}
			}
			if refused && strings.Contains(answer.Body.String(), "orders") && tt.status != 400 {
				t.Errorf("who was refused learned %s", answer.Body)
			}
			if got := answer.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options: got %q, want nosniff", got)
			}
		})
	}
}

func TestAccessCheck(t *testing.T) {
	for _, tt := range []struct {
		listen string
		access Access
		want   string
	}{
		{"127.0.0.1:9842", Access{}, ""},
		{"localhost:0", Access{}, ""},
		{"[::1]:9842", Access{}, ""},
		{"0.0.0.0:9842", Access{Token: token}, ""},
		{":9842", Access{Certificate: true}, ""},
		{"0.0.0.0:9842", Access{}, `listening on "0.0.0.0:9842": others can reach it, and nobody would have to show a token or a certificate`},
		{":9842", Access{}, `listening on ":9842": others can reach it, and nobody would have to show a token or a certificate`},
		{"localhost.example.com:1", Access{}, `listening on "localhost.example.com:1": others can reach it, and nobody would have to show a token or a certificate`},
		{"0.0.0.0:9842", Access{Token: "short"}, "reading the token: got 5 characters, want at least 16"},
		{"9842", Access{}, `listening: got "9842", want an address such as 127.0.0.1:9842`},
	} {
		got := ""
		if err := tt.access.Check(tt.listen); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s with %+v: got %q, want %q", tt.listen, tt.access, got, tt.want)
		}
	}
}

// ask asks the interface as curl would, and returns the status and the document.
func ask(t *testing.T, web *Web, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	web.Handler().ServeHTTP(answer, r)
	document := make(map[string]any)
	if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
		t.Fatalf("%s %s: got %s: %v", method, path, answer.Body, err)
	}
	return answer.Code, document
}

func TestAPI(t *testing.T) {
	web, w, release := newWeb(t, Access{})
	day := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string // of the document
	}{
		{"GET", "/api/v1/environments/lab", "", 404, `error: got an environment that is not served`},
		{"GET", "/api/v1/nothing", "", 404, `error: there is nothing here`},
		{"GET", "/api/v1/environments/prod", "", 200, `apis: [orders]`},
		{"POST", "/api/v1/environments/lab/run", "", 404, `error: got an environment that is not served`},
		{"POST", "/api/v1/environments/prod/run", `{"apis": ["shop"]}`, 400, `error: running: got the api "shop", want some of ["orders"]`},
		{"POST", "/api/v1/environments/prod/run", `{"api": "orders"}`, 400, `error: reading the request: json: unknown field "api"`},
		{"POST", "/api/v1/environments/prod/run", `{} {}`, 400, `error: reading the request: got more than one document`},
		{"PUT", "/api/v1/environments/prod/pause", `{"reason": "migration", "until": "` + day + `"}`, 200, `name: prod`},
		{"PUT", "/api/v1/environments/prod/pause", `{"until": "2001-01-01T00:00:00Z"}`, 400, `error: pausing: got an end that is past, want one ahead or none`},
		{"DELETE", "/api/v1/environments/prod/pause", "", 200, `pause: <nil>`},
		{"POST", "/api/v1/silences", `{"environment": "prod", "for": "15m", "reason": "deployment"}`, 201, `reason: deployment`},
		{"POST", "/api/v1/silences", `{"environment": "lab", "for": "15m"}`, 400, `error: adding a silence: got an environment that is not served`},
		{"POST", "/api/v1/silences", `{"environment": "prod"}`, 400, `error: adding a silence: got no end that lies ahead, want one`},
		{"POST", "/api/v1/silences", `{"environment": "prod", "for": "soon"}`, 400, `error: adding a silence: want "until", or "for" with a duration such as 15m`},
		{"DELETE", "/api/v1/silences/none", "", 404, ``},
		{"GET", "/api/v1/alerts", "", 200, `alerts: []`},
		{"GET", "/api/v1/coverage/prod", "", 200, `gates: []`},
		{"GET", "/api/v1/coverage/lab", "", 404, ``},
		{"GET", "/api/v1/changes?environment=prod&since=2026-01-01T00:00:00Z", "", 200, `changes: []`},
		{"GET", "/api/v1/runs?limit=0", "", 400, `error: reading "limit": got 0, want 1 to 1000`},
		{"GET", "/api/v1/runs?sice=7d", "", 400, `error: reading "sice": there is no such parameter`},
		{"GET", "/api/v1/runs/6f0e1f2a", "", 404, ``},
		{"POST", "/api/v1/environments/prod/run", `{"apis": ["orders"], "labels": {"commit": "abc"}}`, 202, `name: prod`},
		{"POST", "/api/v1/environments/prod/run", "", 409, `error: a run of the environment goes on`},
	} {
		status, document := ask(t, web, tt.method, tt.path, tt.body)
		name, _, _ := strings.Cut(tt.want, ":")
		if got := fmt.Sprintf("%s: %v", name, document[name]); status != tt.status || tt.want != "" && got != tt.want {
			t.Errorf("%s %s %s: got %d, %s, want %d, %s", tt.method, tt.path, tt.body, status, got, tt.status, tt.want)
		}
	}
	_, silences := ask(t, web, "GET", "/api/v1/silences", "")
	list, _ := silences["silences"].([]any)
	if len(list) != 1 {
		t.Fatalf("got the silences %v, want one", silences)
	}
	id := list[0].(map[string]any)["id"].(string)
	if status, document := ask(t, web, "DELETE", "/api/v1/silences/"+id, ""); status != 200 || len(document["silences"].([]any)) != 0 {
		t.Errorf("got %d, %v, want the silence ended", status, document)
	}
	close(release)
	for web.Daemon.Status().Environments[0].Last == nil {
		time.Sleep(time.Millisecond)
	}
	_, document := ask(t, web, "GET", "/api/v1/runs?environment=prod", "")
	if runs, _ := document["runs"].([]any); len(runs) != 1 {
		t.Errorf("got %v, want one run", document)
	}
	for path, want := range map[string]string{"6f0e1f2a": "json of 6f0e1f2a", "6f0e": "json of 6f0e1f2a", "6f0e?format=html": "html of 6f0e1f2a"} {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/api/v1/runs/"+path, nil)
		r.Host = "localhost"
		web.Handler().ServeHTTP(answer, r)
		if got := answer.Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if status, _ := ask(t, web, "GET", "/api/v1/runs/6f0e?format=nonsense", ""); status != 400 {
		t.Errorf("got %d for a format that there is not, want 400", status)
	}
	if strings.Contains(w.logged(), "level=ERROR") {
		t.Errorf("the log says %s", w.logged())
	}
}

// serveWeb answers on loopback.
func serveWeb(t *testing.T, web *Web) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- web.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// Who does not say what he wants is sent away, and so is who says too much.
func TestSlowAndLarge(t *testing.T) {
	t.Parallel()
	web, _, _ := newWeb(t, Access{})
	addr := serveWeb(t, web)
	for _, tt := range []struct {
		name, sent string
		limit      time.Duration
		want       string
	}{
		{"half a header", "GET /healthz HTTP/1.1\r\nHost: loc", headerLimit + 3*time.Second, ""},
		{"half a body", "POST /api/v1/environments/prod/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", readLimit + 3*time.Second, "HTTP/1.1 "},
		{"endless header", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 4*maxHeader) + "\r\n\r\n", headerLimit, "HTTP/1.1 431 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, tt.sent) // what it does not read, it need not
			if err := conn.SetReadDeadline(time.Now().Add(tt.limit)); err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(conn)
			var e net.Error
			if errors.As(err, &e) && e.Timeout() {
				t.Errorf("it still waits after %v", tt.limit)
			}
			if !strings.HasPrefix(string(text), tt.want) || tt.want == "" && len(text) > 0 {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}

// Those who watch see what happens when it happens; there may be only so many.
func TestEvents(t *testing.T) {
	t.Parallel()
	web, _, release := newWeb(t, Access{})
	addr := serveWeb(t, web)
	answer, err := http.Get("http://" + addr + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got := answer.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("got %q", got)
	}
	time.Sleep(readLimit + time.Second) // longer than a request may take
	if err := web.Daemon.RunNow("prod", Job{}); err != nil {
		t.Fatal(err)
	}
	close(release)
	var got []string
	lines := bufio.NewScanner(answer.Body)
	for len(got) < 3 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			got = append(got, data)
		}
	}
	want := []string{
		`{"kind":"started","environment":"prod","run":"6f0e1f2a","cases":1}`,
		`{"kind":"ended","environment":"prod","run":"6f0e1f2a","cases":1}`,
		`{"kind":"changed","environment":"prod"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for range maxWatchers {
		_, leave, err := web.Daemon.audience.join()
		if err == nil {
			defer leave()
		}
	}
	if status, document := ask(t, web, "GET", "/api/v1/events", ""); status != http.StatusServiceUnavailable {
		t.Errorf("got %d, %v, want that there are too many", status, document)
	}
}

// Who falls behind is sent away, and hinders nobody.
func TestAudience(t *testing.T) {
	var a audience
	slow, leave, err := a.join()
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxBehind + 1 {
		a.tell(Notice{Done: i + 1})
	}
	n := 0
	for range slow {
		n++
	}
	leave()
	if n != maxBehind || len(a.chans) != 0 {
		t.Errorf("got %d notices and %d watchers, want %d and none", n, len(a.chans), maxBehind)
	}
}
