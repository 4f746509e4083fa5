package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// caught is a request that a server of a test got.
type caught struct {
	method, path string
	header       http.Header
	body         []byte
}

// receiver is a server on loopback that answers with a status.
type receiver struct {
	*httptest.Server
	status int
	got    []caught
}

func newReceiver(t *testing.T, start func(http.Handler) *httptest.Server) *receiver {
	r := &receiver{status: http.StatusOK}
	r.Server = start(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.got = append(r.got, caught{req.Method, req.URL.Path, req.Header, body})
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

// message is one of an open gate that is resolved, with every field.
func message() Message {
	m := raised(monday)
	resolved := monday.Add(minutes(10))
	m.Alert.Resolved, m.Alert.State, m.Alert.Ended = &resolved, Resolved, "its cases pass"
	m.Kind, m.Key = Ended, "cb02c7909272b237-1-resolved"
	return m
}

func raised(at time.Time) Message {
	key := Key{Environment: "prod", API: "orders", Access: "default", Layer: "iam-authentication", Kind: "open"}
	return Message{Key: "cb02c7909272b237-1-raised", Kind: Raised, At: at, Alert: Alert{
		ID: key.ID(), Key: key, State: Firing, Severity: Critical, Since: at,
		LastGood: &Run{"r0", at.Add(-time.Hour)}, LastSeen: Run{"r1", at}, Routes: []string{"GET /a"}, Scenarios: []string{"unsigned"}, Rows: 1,
		Confidence: probe.Certain, Reason: "accepted", Next: "deploy again", Reproduce: "probe run prod", Labels: map[string]string{"commit": "abc"},
		Link: "https://probe.example.com/runs/r1",
	}}
}

func TestWebhook(t *testing.T) {
	r := newReceiver(t, httptest.NewTLSServer)
	d := NewWebhook(WebhookConfig{Name: "hook", URL: Fixed(r.URL + "/in/path-secret"), Secret: Fixed("s3cret"), Bearer: Fixed("b3arer"), Roots: r.roots()})
	if err := d.Send(t.Context(), message(), monday); err != nil {
		t.Fatal(err)
	}
	got := r.got[0]
	const want = `{"specversion":"1.0","id":"cb02c7909272b237-1-resolved","source":"urn:apigwprobe:prod","type":"apigwprobe.alert.resolved",` +
		`"subject":"cb02c7909272b237","time":"2026-11-23T08:00:00Z","datacontenttype":"application/json","data":{"id":"cb02c7909272b237",` +
		`"environment":"prod","api":"orders","access":"default","layer":"iam-authentication","kind":"open","state":"resolved","severity":"critical",` +
		`"since":"2026-11-23T08:00:00Z","resolved":"2026-11-23T08:10:00Z","ended":"its cases pass","last_good":{"id":"r0","at":"2026-11-23T07:00:00Z"},` +
		`"last_seen":{"id":"r1","at":"2026-11-23T08:00:00Z"},"flapping":false,"held":"","routes":["GET /a"],"scenarios":["unsigned"],"rows":1,` +
		`"confidence":"certain","reason":"accepted","next":"deploy again","reproduce":"probe run prod","labels":{"commit":"abc"},"link":"https://probe.example.com/runs/r1"}}`
	if diff := cmp.Diff(want, string(got.body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte("1795420800." + want))
	headers := map[string]string{
		"Content-Type": "application/cloudevents+json; charset=utf-8", "Idempotency-Key": "cb02c7909272b237-1-resolved",
		"Authorization": "Bearer b3arer", "X-Probe-Signature": "t=1795420800,v1=" + hex.EncodeToString(mac.Sum(nil)),
	}
	for name, want := range headers {
		if got := got.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestAnswers says which answers are final, and that nothing secret is in an error.
func TestAnswers(t *testing.T) {
	r := newReceiver(t, httptest.NewServer)
	d := NewWebhook(WebhookConfig{Name: "hook", URL: Fixed(r.URL + "/path-secret"), Secret: Fixed("s3cret"), Bearer: Fixed("b3arer")})
	tests := []struct {
		status int
		want   string
		final  bool
	}{
		{200, "", false},
		{202, "", false},
		{302, "got status 302, want 2xx", false},
		{400, "got status 400, want 2xx", true},
		{401, "got status 401, want 2xx", false},
		{404, "got status 404, want 2xx", false},
		{413, "got status 413, want 2xx", true},
		{429, "got status 429, want 2xx", false},
		{503, "got status 503, want 2xx", false},
	}
	for _, test := range tests {
		r.status = test.status
		err := d.Send(t.Context(), message(), monday)
		if got := errorText(err); got != test.want || final(err) != test.final {
			t.Errorf("%d: got %q, final %t, want %q, final %t", test.status, got, final(err), test.want, test.final)
		}
	}
	for _, c := range r.got {
		if c.path != "/path-secret" {
			t.Errorf("got a request for %s, want no redirect to be followed", c.path)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestUnreachable says what is wrong without the URL, which may be a secret.
func TestUnreachable(t *testing.T) {
	r := newReceiver(t, httptest.NewTLSServer)
	unknown := func(context.Context) (probe.Secret, error) { return probe.Secret{}, errors.New("variable not set") }
	tests := []struct {
		name string
		c    WebhookConfig
		want string
	}{
		{"not verified", WebhookConfig{URL: Fixed(r.URL + "/path-secret")}, "certificate"},
		{"nobody listens", WebhookConfig{URL: Fixed("http://127.0.0.1:1/path-secret")}, "connection refused"},
		{"no URL", WebhookConfig{URL: Fixed("path-secret")}, "got a URL that is none"},
		{"malformed", WebhookConfig{URL: Fixed("http://path-secret\x7f")}, "got a URL that is none"},
		{"URL does not resolve", WebhookConfig{URL: unknown}, "reading the URL: variable not set"},
		{"secret does not resolve", WebhookConfig{URL: Fixed(r.URL), Secret: unknown, Roots: r.roots()}, "reading the secret: variable not set"},
		{"token does not resolve", WebhookConfig{URL: Fixed(r.URL), Bearer: unknown, Roots: r.roots()}, "reading the bearer token: variable not set"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := NewWebhook(test.c).Send(t.Context(), message(), monday)
			if got := errorText(err); !strings.Contains(got, test.want) || strings.Contains(got, "path-secret") || final(err) {
				t.Errorf("got error %q, want it to contain %q, and no secret", got, test.want)
			}
		})
	}
	if len(r.got) > 0 {
		t.Errorf("got %d requests, want none", len(r.got))
	}
}

func TestAlertmanager(t *testing.T) {
	r := newReceiver(t, httptest.NewServer)
	d := NewAlertmanager(AlertmanagerConfig{Name: "am", URL: Fixed(r.URL + "/prefix/"), Bearer: Fixed("b3arer"), Watchdog: true})
	if err := d.Send(t.Context(), message(), monday); err != nil {
		t.Fatal(err)
	}
	if told, err := d.(keeper).Keep(t.Context(), []Alert{raised(monday).Alert}, true, monday.Add(minutes(1))); err != nil || !told {
		t.Fatalf("keeping: got %t, %v, want it told", told, err)
	}
	if told, err := d.(keeper).Keep(t.Context(), nil, false, monday); err != nil || told {
		t.Fatalf("keeping nothing: got %t, %v, want nothing told", told, err)
	}
	labels := map[string]string{
		"alertname": "APIGatewayGate", "service": "apigwprobe", "severity": "critical", "environment": "prod", "api": "orders",
		"access": "default", "layer": "iam-authentication", "kind": "open",
	}
	annotations := func(state string) map[string]string {
		return map[string]string{
			"summary": "prod orders through default: iam-authentication open (" + state + ")", "description": "accepted", "next": "deploy again",
			"reproduce": "probe run prod", "routes": "GET /a", "scenarios": "unsigned", "confidence": "certain",
			"last_good": "2026-11-23 07:00:00 UTC, run r0", "label_commit": "abc",
		}
	}
	resolved := annotations("resolved")
	resolved["ended"] = "its cases pass"
	want := [][]postable{
		{{labels, resolved, monday, monday.Add(minutes(10)), "https://probe.example.com/runs/r1"}},
		{
			{labels, annotations("critical"), monday, monday.Add(minutes(61)), "https://probe.example.com/runs/r1"},
			{
				map[string]string{"alertname": "APIGatewayProbeWatchdog", "severity": "none", "service": "apigwprobe"},
				map[string]string{"summary": "probe is alive", "description": "This alert always fires. Its silence says that nothing is probed any more."},
				monday.Add(minutes(1)), monday.Add(minutes(6)), "",
			},
		},
	}
	var got [][]postable
	for _, c := range r.got {
		if c.path != "/prefix/api/v2/alerts" || c.header.Get("Authorization") != "Bearer b3arer" {
			t.Errorf("got a request for %s with %q", c.path, c.header.Get("Authorization"))
		}
		var posted []postable
		if err := json.Unmarshal(c.body, &posted); err != nil {
			t.Fatal(err)
		}
		got = append(got, posted)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestSNS(t *testing.T) {
	r := newReceiver(t, httptest.NewServer)
	creds := func(context.Context) (probe.Credentials, error) {
		return probe.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: probe.NewSecret("s3cret")}, nil
	}
	for _, arn := range []string{"arn:aws:sns:eu-west-1:123456789012:alerts", "arn:aws:sns:eu-west-1:123456789012:alerts.fifo"} {
		d := NewSNS(SNSConfig{Name: "topic", TopicARN: arn, Credentials: creds, Endpoint: r.URL})
		r.got, r.status = nil, http.StatusOK
		if err := d.Send(t.Context(), message(), monday); err != nil {
			t.Fatal(err)
		}
		form, err := url.ParseQuery(string(r.got[0].body))
		if err != nil {
			t.Fatal(err)
		}
		attributes := make(map[string]string)
		for i := 1; ; i++ {
			prefix := "MessageAttributes.entry." + string(rune('0'+i))
			if form.Get(prefix+".Name") == "" {
				break
			}
			attributes[form.Get(prefix+".Name")] = form.Get(prefix + ".Value.StringValue")
		}
		want := map[string]string{
			"message": "resolved", "idempotency_key": "cb02c7909272b237-1-resolved", "severity": "critical", "environment": "prod",
			"api": "orders", "access": "default", "layer": "iam-authentication", "kind": "open",
		}
		if diff := cmp.Diff(want, attributes); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		key, group := "", ""
		if strings.HasSuffix(arn, ".fifo") {
			key, group = "cb02c7909272b237-1-resolved", "cb02c7909272b237"
		}
		fields := map[string]string{
			"Action": "Publish", "TopicArn": arn, "Message": message().Alert.Text(),
			"Subject":                "probe resolved: prod orders through default: iam-authentication open (resolved)",
			"MessageDeduplicationId": key, "MessageGroupId": group,
		}
		for name, want := range fields {
			if got := form.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		r.got, r.status = nil, http.StatusServiceUnavailable
		if err := d.Send(t.Context(), message(), monday); err == nil || strings.Contains(err.Error(), "127.0.0.1") || len(r.got) != 1 {
			t.Errorf("got error %v after %d requests, want one without an address, after one", err, len(r.got))
		}
	}
	unknown := func(context.Context) (probe.Credentials, error) {
		return probe.Credentials{}, errors.New("no such profile")
	}
	d := NewSNS(SNSConfig{TopicARN: "arn:aws:sns:eu-west-1:123456789012:alerts", Credentials: unknown, Endpoint: r.URL})
	if err := d.Send(t.Context(), message(), monday); errorText(err) != "no such profile" {
		t.Errorf("without credentials: got error %v", err)
	}
}

func TestSubject(t *testing.T) {
	m := message()
	m.Alert.API = strings.Repeat("ü", 120) + "\n"
	if got, want := subject(m), "probe resolved: prod "+strings.Repeat("?", 75)+"..."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHeartbeat(t *testing.T) {
	r := newReceiver(t, httptest.NewServer)
	for _, method := range []string{"", "GET"} {
		if err := NewHeartbeat(Fixed(r.URL+"/ping"), method).Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, c := range r.got {
		got = append(got, c.method+" "+c.path)
	}
	if diff := cmp.Diff([]string{"POST /ping", "GET /ping"}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
