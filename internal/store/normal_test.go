package store

import (
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWhatVaries(t *testing.T) {
	for text, want := range map[string]string{
		"Signature expired: 20261121T123418Z is now earlier than 20261121T123918Z (20261121T124418Z - 5 min.)": "Signature expired: [varies] is now earlier than [varies] ([varies] - 5 min.)",
		"Credential should be scoped to a valid region, not 'us-east-1'. 20261121/eu-west-1/execute-api":       "Credential should be scoped to a valid region, not 'us-east-1'. [varies]/eu-west-1/execute-api",
		"User: arn:aws:sts::123456789012:assumed-role/probe/session is not authorized":                         "User: arn:aws:sts::123456789012:assumed-role/probe/session is not authorized",
		"read tcp 10.0.0.7:40122->52.1.2.3:443: i/o timeout":                                                   "read tcp [varies]->[varies]: i/o timeout",
		"dial tcp [2001:db8::1]:443: connect: connection refused":                                              "dial tcp [varies]: connect: connection refused",
		"request 5f0c7a52-9a2e-4d0f-8d2a-1f0d3b7a9c11 (cAlKvW/xpkvrFaQ=) at 21/Nov/2026:12:44:18 +0000":        "request [varies] ([varies]) at [varies]",
		"Root=1-69205e42-0a1b2c3d4e5f60718293a4b5;Sampled=0":                                                   "Root=[varies];Sampled=0",
		"Sat, 21 Nov 2026 12:44:18 GMT, 2026-11-21T12:44:18.882Z, 1763729058, 1763729058882":                   "[varies], [varies], [varies], [varies]",
		"https://api.example.com/probe-0a1b2c3d/orders/42":                                                     "https://api.example.com/[varies]/orders/42",
		"https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders/42?verbose=1":                      "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/orders/42?verbose=1",
		"User is not authorized to access this resource with an explicit deny":                                 "User is not authorized to access this resource with an explicit deny",
	} {
		shape, _ := newSplitter().split(probe.Result{Reason: text})
		checkEqual(t, text, shape.Reason, want)
	}
}

// Whatever a result says, a shape and what varies make it whole again.
func FuzzJoin(f *testing.F) {
	f.Add("expired: 20261121T123418Z", "[varies]", "cAlKvW/xpkvrFaQ=", "a\nb 12:34 2026-11-21 10:00")
	f.Add("", "1.2.3.4:5", "[varies][varies]=", "\n\n0123456789abcdef\xff")
	f.Fuzz(func(t *testing.T, reason, message, id, header string) {
		at := midnight.Add(1234567 * time.Nanosecond)
		for _, layer := range []probe.Layer{probe.IAMAuthentication, probe.None} {
			want := probe.Result{
				ID: "a", Run: "run", At: at, Reason: reason, Attempts: 2,
				Observed: &probe.Observation{
					Message: message, RequestID: id, Headers: map[string]string{"x-first": header, "date": header, "x-second": message},
					Timings: probe.Timings{Total: 1.5},
				},
				Request:     &probe.RequestInfo{URL: header, Traits: &probe.Traits{Host: id, Clock: at}},
				Attribution: &probe.Attribution{Layer: layer, Because: []string{message, reason}},
			}
			before := want
			shape, v := newSplitter().split(want)
			got := join(shape, probe.RunInfo{ID: "run"}, &v)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(probe.Observation{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if diff := cmp.Diff(before, want, cmpopts.IgnoreUnexported(probe.Observation{})); diff != "" {
				t.Errorf("the result was changed: want -, got +:\n%s", diff)
			}
		}
	})
}

// A list of results that was damaged is an error, and no panic.
func FuzzResultSet(f *testing.F) {
	f.Add(resultSet{results: []outcome{{1, 2}, {3, 4}}, extra: []outcome{{5, 6}}}.pack())
	f.Add(deflate([]byte{9, 1}))
	f.Add([]byte("?"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		set, err := newUnpacker().resultSet(doc)
		if err != nil {
			return
		}
		again, err := newUnpacker().resultSet(set.pack())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(set, again, cmp.AllowUnexported(resultSet{}, outcome{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}
