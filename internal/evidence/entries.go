package evidence

import (
	"context"
	"slices"
	"time"

	"apigwprobe/probe"
)

// Entry is what a log of the stage has of a request.
type Entry struct {
	Log    string    `json:"log"`
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0: the entry does not tell
}

// Entries are the entries of requests, by the ids of their results: those that bear the ids of the answers, and waited
// for as long as told. It notes why there are none.
func (a *Account) Entries(ctx context.Context, api probe.API, sent []probe.Result) (map[string][]Entry, []string) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit+a.Wait)
	defer cancel()
	l := &look{Account: a, ctx: ctx, api: api, sent: sent}
	out := make(map[string][]Entry)
	if !l.located() {
		l.note("%s: no log was read: the API has no id, region or stage in the configuration", api.Name)
		return out, l.notes
	}
	logs, all := l.listen(func(logs []stageLog, all *requests) bool {
		return !slices.ContainsFunc(all.list, func(one request) bool { return len(all.entriesOf(one, logs)) == 0 })
	})
	if len(logs) == 0 && len(l.notes) == 0 {
		l.note("%s: stage %q writes no log that can be read", api.Name, api.Stage)
	}
	for _, one := range all.list {
		out[one.ID] = all.entriesOf(one, logs)
		for _, log := range logs {
			if log.seen && len(out[one.ID]) == 0 {
				l.note("%s: %s has no entry of %s after %v; entries may come minutes late: --evidence-wait waits for them", api.Name, log, one.Scenario, l.Wait)
			}
		}
	}
	slices.Sort(l.notes)
	return out, slices.Compact(l.notes)
}

// entriesOf are the entries that the logs have of the answer of a request.
func (r *requests) entriesOf(one request, logs []stageLog) []Entry {
	var out []Entry
	for i, log := range logs {
		if entry, how, several := r.of(one, i); how == ofAnswer && !several {
			out = append(out, Entry{log.String(), entry.At.UTC(), entry.Status})
		}
	}
	return out
}
