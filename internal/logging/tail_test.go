package logging

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// written is an event and when it can be read, in seconds.
type written struct {
	group string
	at    float64 // its time
	there float64 // when it can be read
	text  string
}

const access, execution = "access", "execution"

// entryText is an entry of an access log; its id is a UUID that ends with n.
func entryText(n int, more string) string {
	return fmt.Sprintf(`{"requestId":%q,"status":"403","httpMethod":"GET","domainName":"a.example.com","path":"/%d"%s}`, requestID(n), n, more)
}

func requestID(n int) string { return fmt.Sprintf("6f1b4c2e-0000-4000-8000-%012d", n) }

func line(n int, text string) string { return "(" + requestID(n) + ") " + text }

// logs are read as they are there; times of calls are counted from the beginning of the test.
type logs struct {
	began  time.Time
	events []written
	fail   func(at time.Duration, group string) error
	reads  []string // group and the time of the call, in seconds
}

func (l *logs) time(seconds float64) time.Time {
	return l.began.Add(time.Duration(seconds * float64(time.Second)))
}

func (l *logs) read(_ context.Context, group string, since time.Time) iter.Seq2[evidence.LogEvent, error] {
	return func(yield func(evidence.LogEvent, error) bool) {
		now := time.Since(l.began)
		l.reads = append(l.reads, fmt.Sprintf("%s %.0f", group, now.Seconds()))
		for i, e := range l.events {
			at := l.time(e.at)
			if e.group != group || now.Seconds() < e.there || at.Before(since) {
				continue
			}
			if !yield(evidence.LogEvent{ID: fmt.Sprint(i), At: at, Message: e.text}, nil) {
				return
			}
		}
		if l.fail != nil {
			if err := l.fail(now, group); err != nil {
				yield(evidence.LogEvent{}, err)
			}
		}
	}
}

// tailed runs a tail for some seconds, and returns what it showed, with the second in which it did, and its notes.
func tailed(l *logs, t *Tail, seconds int, once bool) (shown, notes []string, err error) {
	l.began = time.Now()
	t.Read = l.read
	t.Write = func(e Entry) error {
		path := e.Path
		if path == "" {
			path = e.RequestID
		}
		shown = append(shown, fmt.Sprintf("%.0f: %s %s %s", time.Since(l.began).Seconds(), path, e.conclusion(), e.Confidence))
		return nil
	}
	t.Note = func(text string) { notes = append(notes, text) }
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second+time.Millisecond)
	defer cancel()
	err = t.Run(ctx, l.time(-600), once)
	return shown, notes, err
}

func TestTail(t *testing.T) {
	const key = `,"error.responseType":"INVALID_API_KEY"`
	final := &evidence.Unread{Text: "not seen: the entries: logs:FilterLogEvents on arn is not allowed", Final: true}
	throttled := &evidence.Unread{Text: "not seen: the entries: logs FilterLogEvents on arn was answered ThrottlingException"}
	for name, c := range map[string]struct {
		logs        logs
		tail        Tail
		seconds     int
		once        bool
		want, notes []string
		unreadable  bool
	}{
		"ordered by time, once each, what was late, too": {
			logs: logs{events: []written{
				{access, -10, 0, entryText(2, key)}, {access, -20, 0, entryText(1, key)}, {access, -700, 0, entryText(9, key)},
				{access, 1, 3, entryText(3, key)}, {access, -100, 20, entryText(4, key)},
			}},
			tail: Tail{Access: access}, seconds: 40,
			want: []string{"0: /1 api-key certain", "0: /2 api-key certain", "6: /3 api-key certain", "20: /4 api-key certain"},
		},
		"once": {
			logs: logs{events: []written{{access, -10, 0, entryText(2, key)}, {access, 1, 3, entryText(3, key)}}},
			tail: Tail{Access: access, Execution: execution}, seconds: 40, once: true,
			want: []string{"0: /2 api-key certain"},
		},
		"entries wait for the execution log, until its last line or some seconds": {
			logs: logs{events: []written{
				{access, 0, 0, entryText(1, "")},
				{execution, 0, 0, line(1, "Extended Request Id: x=")}, {execution, 0.1, 4, line(1, "API Key  not authorized because method 'GET /1' requires API Key")},
				{execution, 0.2, 4, line(1, "Method completed with status: 403")},
				{access, 10, 10, entryText(2, key)},
			}},
			tail: Tail{Access: access, Execution: execution}, seconds: 30,
			want: []string{"4: /1 api-key certain", "16: /2 api-key certain"},
		},
		"the execution log alone": {
			logs: logs{events: []written{
				{execution, 0, 0, line(1, "Extended Request Id: x=")}, {execution, 0.1, 0, line(2, "Extended Request Id: y=")},
				{execution, 0.2, 0, line(2, "Unauthorized request: "+requestID(2))}, {execution, 0.3, 0, line(2, "Method completed with status: 401")},
				{execution, 0.3, 2, line(1, "API Key  not authorized because method 'GET /1' requires API Key")}, {execution, 9, 9, "no line of a request"},
			}},
			tail: Tail{Execution: execution}, seconds: 30,
			want: []string{
				"0: " + requestID(2) + " lambda-authorizer or cognito-authorizer ambiguous", "8: " + requestID(1) + " api-key certain",
			},
		},
		"what waits is shown at the end": {
			logs: logs{events: []written{{access, 0, 0, entryText(1, key)}, {execution, 0, 0, line(1, "Extended Request Id: x=")}}},
			tail: Tail{Access: access, Execution: execution}, seconds: 3,
			want: []string{"3: /1 api-key certain"},
		},
		"a failure is noted once, and nothing is lost": {
			logs: logs{
				events: []written{{access, 0, 0, entryText(1, key)}, {access, 5, 5, entryText(2, key)}},
				fail: func(at time.Duration, _ string) error {
					if at < 20*time.Second {
						return throttled
					}
					return nil
				},
			},
			tail: Tail{Access: access}, seconds: 40,
			want:  []string{"0: /1 api-key certain", "6: /2 api-key certain"},
			notes: []string{throttled.Text},
		},
		"one of two logs cannot be read": {
			logs: logs{
				events: []written{{access, 0, 0, entryText(1, key)}},
				fail: func(_ time.Duration, group string) error {
					if group == execution {
						return final
					}
					return nil
				},
			},
			tail: Tail{Access: access, Execution: execution}, seconds: 10,
			want:  []string{"0: /1 api-key certain"},
			notes: []string{final.Text},
		},
		"the access log cannot be read, the execution log can": {
			logs: logs{
				events: []written{
					{execution, 0, 0, line(1, "API Key  not authorized because method 'GET /1' requires API Key")}, {execution, 0, 0, line(1, "Method completed with status: 403")},
				},
				fail: func(_ time.Duration, group string) error {
					if group == access {
						return final
					}
					return nil
				},
			},
			tail: Tail{Access: access, Execution: execution}, seconds: 10,
			want:  []string{"0: " + requestID(1) + " api-key certain"},
			notes: []string{final.Text},
		},
		"no log can be read": {
			logs: logs{fail: func(time.Duration, string) error { return final }},
			tail: Tail{Access: access}, seconds: 10,
			notes: []string{final.Text}, unreadable: true,
		},
		"an entry that is none": {
			logs: logs{events: []written{{access, 0, 0, `{"requestId":"`}, {access, 1, 0, entryText(1, key)}}},
			tail: Tail{Access: access}, seconds: 1,
			want:  []string{"0: /1 api-key certain"},
			notes: []string{"an entry of 2000-01-01T00:00:00Z cannot be read: access:1: reading JSON: got a line break inside a string"},
		},
		"by the format": {
			logs: logs{events: []written{{access, 0, 0, `{"id":"` + requestID(1) + `","type":"INVALID_API_KEY","at":"/x"}`}}},
			tail: Tail{Access: access, Format: formatOf(t, `{"id":"$context.requestId","type":"$context.error.responseType"}`)}, seconds: 1,
			want: []string{"0: " + requestID(1) + " api-key certain"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shown, notes, err := tailed(&c.logs, &c.tail, c.seconds, c.once)
				if diff := cmp.Diff(c.want, shown); diff != "" {
					t.Errorf("shown (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.notes, notes); diff != "" {
					t.Errorf("notes (-want +got):\n%s", diff)
				}
				if Unreadable(err) != c.unreadable || err != nil && !c.unreadable {
					t.Errorf("got error %v", err)
				}
			})
		})
	}
}

func formatOf(t *testing.T, text string) capture.LogFormat {
	t.Helper()
	f, err := capture.ParseLogFormat(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Where nothing comes, the logs are asked ever more seldom; an error of the reader's ends all.
func TestTailBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logs{events: []written{{access, 40, 40, entryText(1, "")}}}
		if _, _, err := tailed(&l, &Tail{Access: access}, 80, false); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, second := range []int{0, 4, 12, 27, 42, 44, 48, 56, 71} {
			want = append(want, fmt.Sprintf("access %d", second))
		}
		if diff := cmp.Diff(want, l.reads); diff != "" {
			t.Errorf("reads (-want +got):\n%s", diff)
		}
	})
	broken := errors.New("broken pipe")
	l := logs{began: time.Now(), events: []written{{access, 0, 0, entryText(1, "")}}}
	tail := Tail{Access: access, Read: l.read, Write: func(Entry) error { return broken }, Note: func(string) {}}
	if err := tail.Run(t.Context(), l.time(-1), true); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// What was shown is forgotten, or a tail would grow for as long as it runs.
func TestTailForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l logs
		for n := range 2000 {
			at := float64(n)
			l.events = append(l.events, written{access, at, at, entryText(n, "")}, written{execution, at, at, line(n, "Method completed with status: 403")})
		}
		tail := Tail{Access: access, Execution: execution}
		shown, _, err := tailed(&l, &tail, 2000, false)
		if err != nil || len(shown) < 1990 {
			t.Fatalf("got %d entries and error %v, want all", len(shown), err)
		}
		kept := len(tail.requests) + len(tail.waiting)
		for _, g := range tail.groups {
			kept += len(g.known)
		}
		if most := 4 * int(late/time.Second); kept > most {
			t.Errorf("got %d things kept after 2000 requests, want at most %d", kept, most)
		}
	})
}

func TestEntryText(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 5e6, time.UTC)
	e := Entry{Time: at, Status: 403, Method: "GET", Path: "/a\x1b[2J\u202e", Layer: probe.APIKeyLayer, Cause: "invalid-api-key", Confidence: probe.Certain, RequestID: "r"}
	bare := Entry{Time: at, Route: "$connect", Confidence: probe.UnknownConfidence}
	either := Entry{
		Time: at, Status: 403, Layer: probe.IAMAuthorization, Confidence: probe.Ambiguous,
		Candidates: []probe.Candidate{{Layer: probe.IAMAuthorization, Cause: "a"}, {Layer: probe.IAMAuthorization, Cause: "b"}, {Layer: probe.ResourcePolicy}},
	}
	anything := Entry{Time: at, Status: 403, Layer: probe.WAF, Confidence: probe.Ambiguous}
	for _, l := range []probe.Layer{probe.WAF, probe.Domain, probe.Stage, probe.RouteLayer, probe.Edge} {
		anything.Candidates = append(anything.Candidates, probe.Candidate{Layer: l})
	}
	passed := Entry{Time: at, Status: 200, Method: "POST", Path: "/items", Layer: probe.None, Confidence: probe.Certain, RequestID: "s"}
	var got []string
	for _, e := range []Entry{e, bare, either, anything, passed} {
		got = append(got, strings.Join(strings.Fields(e.String()), " "))
	}
	want := []string{
		"2026-11-21T12:00:00.005Z 403 GET /a\uFFFD[2J\uFFFD api-key (invalid-api-key) certain r",
		"2026-11-21T12:00:00.005Z - - $connect - unknown",
		"2026-11-21T12:00:00.005Z 403 - - iam-authorization or resource-policy ambiguous",
		"2026-11-21T12:00:00.005Z 403 - - waf or domain or stage or 2 others ambiguous",
		"2026-11-21T12:00:00.005Z 200 POST /items accepted certain s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
