package evidence_test

import (
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// Entries are those that bear the ids of the answer; why there are none is noted.
func TestEntries(t *testing.T) {
	const (
		log     = "access log /orders"
		missing = "orders: access log /orders has no entry of sigv4 after 0s; entries may come minutes late: --evidence-wait waits for them"
	)
	for name, c := range map[string]struct {
		log    []event
		answer func(*probe.Result)
		stage  map[string]string // in place of one with an access log
		api    func(*probe.API)
		want   []evidence.Entry
		notes  []string
	}{
		"found": {log: []event{entry(ownID, "extended=", 200, 0)}, want: []evidence.Entry{{Log: log, At: noon, Status: 200}}},
		"with breaks in a value": {
			log:  []event{{noon, strings.Replace(entry(ownID, "extended=", 200, 0).message, "INVALID_API_KEY", "the canonical string\nGET\n/orders", 1) + "\n"}},
			want: []evidence.Entry{{Log: log, At: noon, Status: 200}},
		},
		"of another request": {log: []event{entry(otherID, "other=", 200, 0)}, notes: []string{missing}},
		"of another request under the same id": {
			log: []event{entry(ownID, "other=", 200, 0)}, notes: []string{missing},
		},
		"two under one id": {
			log: []event{entry(ownID, "extended=", 200, 0), entry(ownID, "extended=", 403, 0)}, notes: []string{missing},
		},
		"an answer without ids": {
			log:    []event{entry(ownID, "extended=", 403, 0)},
			answer: func(r *probe.Result) { r.Observed.RequestID, r.Observed.ExtendedRequestID = "", "" }, notes: []string{missing},
		},
		"no log": {
			stage: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": `{"stageName":"prod"}`},
			notes: []string{`orders: stage "prod" writes no log that can be read`},
		},
		"an API that cannot be found": {
			api: func(a *probe.API) { a.ID = "" }, notes: []string{"orders: no log was read: the API has no id, region or stage in the configuration"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := restLogs(accessFormat, "OFF")
			if c.stage != nil {
				answers = c.stage
			}
			p := &logPlane{plane: plane{answers: answers}, groups: map[string][]event{"/orders": c.log}}
			api := restAPI()
			if c.api != nil {
				c.api(&api)
			}
			res := sent(c.answer)
			res.Scenario, res.Observed.Status = "sigv4", 200
			entries, notes := openPlane(t, p, evidence.DefaultBudget).Entries(t.Context(), api, []probe.Result{res})
			if diff := cmp.Diff(c.want, entries[res.ID]); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			notes = slices.DeleteFunc(notes, func(n string) bool { return strings.Contains(n, "lacks") })
			if diff := cmp.Diff(c.notes, notes, emptyIsNil); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}
