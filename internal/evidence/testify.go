package evidence

import (
	"context"
	"slices"

	"apigwprobe/probe"
)

// Testify says what the account knows of who may have given each answer: what its logs say of it, and what it shows of
// the way that the request took.
func (a *Account) Testify(ctx context.Context, api probe.API, sent []probe.Result) probe.Testimony {
	ctx, cancel := context.WithTimeout(ctx, lookLimit+a.Wait)
	defer cancel()
	l := &look{Account: a, ctx: ctx, api: api, sent: sent}
	if !l.located() {
		return probe.Testimony{} // Look notes it
	}
	out := probe.Testimony{Evidence: make(map[string][]probe.Evidence)}
	for _, told := range []map[string][]probe.Evidence{l.logged(), l.sampled(), l.facts(), l.simulated()} {
		for id, some := range told {
			out.Evidence[id] = append(out.Evidence[id], some...)
		}
	}
	slices.Sort(l.notes)
	out.Notes = slices.Compact(l.notes)
	return out
}

// located reports whether the API can be found in the account.
func (l *look) located() bool { return l.api.ID != "" && l.api.Region != "" && l.api.Stage != "" }
