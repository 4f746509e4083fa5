package evidence_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// openInProcess opens the account that a handler answers for, without a network: time can stand still.
func openInProcess(t *testing.T, h http.Handler) *evidence.Account {
	t.Helper()
	call := middleware.DeserializeMiddlewareFunc("InProcess", func(
		ctx context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, _ middleware.Metadata, err error) {
		r := in.Request.(*smithyhttp.Request).Build(ctx)
		if r.Body == nil {
			r.Body = http.NoBody
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		out.RawResponse = &smithyhttp.Response{Response: w.Result()}
		return out, middleware.Metadata{}, ctx.Err()
	})
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget, config.WithBaseEndpoint("http://account.test"), config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")),
		config.WithAPIOptions([]func(*middleware.Stack) error{func(s *middleware.Stack) error { return s.Deserialize.Add(call, middleware.After) }}))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestLateEntries: entries that come late are waited for as long as told, and no longer than they take.
func TestLateEntries(t *testing.T) {
	for name, c := range map[string]struct {
		delay, wait time.Duration
		stage       string // in place of one that logs
		answer      func(*probe.Result)
		takes       time.Duration
		found       bool
		note        string // a part of it; empty: none
	}{
		"one look":                   {takes: 0, found: true},
		"one look, too early":        {delay: 5 * time.Second, note: "1 of 1 requests have no entry after 0s"},
		"at once":                    {wait: time.Minute, found: true},
		"after some looks":           {delay: 5 * time.Second, wait: time.Minute, takes: 7 * time.Second, found: true},
		"too late":                   {delay: time.Hour, wait: 45 * time.Second, takes: 45 * time.Second, note: "1 of 1 requests have no entry after 45s"},
		"nothing is logged":          {stage: `{"stageName":"prod"}`, wait: time.Minute},
		"no entry is to be expected": {delay: time.Hour, wait: time.Minute, answer: func(r *probe.Result) { r.Attribution.Sound = []probe.Layer{probe.Stage, probe.WAF} }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &logPlane{plane: plane{answers: restLogs(accessFormat, "OFF")}, groups: map[string][]event{"/orders": {entry(ownID, "extended=", 403, 0)}}}
				p.visible = time.Now().Add(c.delay)
				if c.stage != "" {
					p.answers["/restapis/a1b2c3d4e5/stages/prod"] = c.stage
				}
				a := openInProcess(t, p)
				a.Wait = c.wait
				start := time.Now()
				got := a.Testify(t.Context(), restAPI(), []probe.Result{sent(c.answer)})
				if took := time.Since(start); took != c.takes {
					t.Errorf("took %v, want %v", took, c.takes)
				}
				if found := gradeOf(got.Evidence["case"]) != ""; found != c.found {
					t.Errorf("found: got %t, want %t", found, c.found)
				}
				noted := strings.Join(got.Notes, "\n")
				if missing := strings.Contains(noted, "have no entry"); missing != (c.note != "") || !strings.Contains(noted, c.note) {
					t.Errorf("got the notes %q, want %q", got.Notes, c.note)
				}
			})
		})
	}
}

// TestWaitingEnds: nobody waits for a log that may not be read, nor when the run is interrupted.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &logPlane{plane: plane{answers: restLogs(accessFormat, "OFF")}}
		a := openInProcess(t, p)
		a.Wait = time.Hour
		start := time.Now()
		a.Testify(t.Context(), restAPI(), []probe.Result{sent(nil)})
		if took := time.Since(start); took != 0 {
			t.Errorf("no such group: took %v, want no time", took)
		}
		p.groups = map[string][]event{"/orders": nil}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		a = openInProcess(t, p)
		a.Wait = time.Hour
		start = time.Now()
		a.Testify(ctx, restAPI(), []probe.Result{sent(nil)})
		if took := time.Since(start); took != 90*time.Second {
			t.Errorf("interrupted: took %v, want 90s", took)
		}
	})
}
