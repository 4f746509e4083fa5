package metrics

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gateway answers as it is told and keeps the last request.
type gateway struct {
	*httptest.Server
	status             int
	reply              string
	method, path, user string
	body               string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{status: http.StatusOK}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		name, password, _ := r.BasicAuth()
		g.method, g.path, g.user, g.body = r.Method, r.URL.Path, name+":"+password, string(body)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(g.status)
		_, _ = io.WriteString(w, strings.ReplaceAll(g.reply, "HEADER", r.Header.Get("Authorization")))
	}))
	t.Cleanup(g.Close)
	return g
}

func TestPush(t *testing.T) {
	g := newGateway(t)
	m := New("v1")
	m.Expect(matrix())
	target, err := NewPushgateway(strings.Replace(g.URL, "http://", "http://probe:tell-n0body@", 1) + "/under")
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Push(t.Context(), m, "prod"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PUT", "/under/metrics/job/apigwprobe/instance/prod", "probe:tell-n0body"}, []string{g.method, g.path, g.user}); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(g.body, "apigwprobe_build_info") {
		t.Errorf("got %d bytes without apigwprobe_build_info", len(g.body))
	}

	url := g.URL + "/under/metrics/job/apigwprobe/instance/prod"
	for _, tt := range []struct {
		name   string
		status int
		reply  string
		want   string
	}{
		{"refused", 400, "inconsistent\n", "unexpected status code 400 while pushing to " + url + ": inconsistent"},
		{"gossip", 401, "no tell-n0body, HEADER\x1b[2J", "unexpected status code 401 while pushing to " + url + ": no …, Basic … [2J"},
		{"redirect", 302, "", "unexpected status code 302 while pushing to " + url + ":"},
		{"endless", 500, strings.Repeat("a", 1<<20), "unexpected status code 500 while pushing to " + url + ": " + strings.Repeat("a", replyLimit)},
	} {
		g.status, g.reply = tt.status, tt.reply
		err := target.Push(t.Context(), m, "prod")
		if err == nil {
			t.Errorf("%s: got no error", tt.name)
			continue
		}
		if diff := cmp.Diff("pushing metrics: "+tt.want, err.Error()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
	g.Close()
	if err := target.Push(t.Context(), m, "prod"); err == nil || strings.Contains(err.Error(), "tell-n0body") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

func TestPushNowhere(t *testing.T) {
	for _, nonsense := range []string{"", "file:///tmp/x", "gateway:9091", "https://", "http://user:tell-n0body@%zz"} {
		if _, err := NewPushgateway(nonsense); err == nil || strings.Contains(err.Error(), "tell-n0body") {
			t.Errorf("%q: got %v, want an error without the password", nonsense, err)
		}
	}
}

// A gateway whose certificate nobody vouches for gets nothing.
func TestPushVerifies(t *testing.T) {
	asked := false
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	s.Config.ErrorLog = nil
	s.StartTLS()
	defer s.Close()
	target, err := NewPushgateway(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	err = target.Push(t.Context(), New("v1"), "prod")
	if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") || asked {
		t.Errorf("got %v, asked %t", err, asked)
	}
}
