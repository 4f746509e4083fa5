package evidence

import (
	"context"
	"slices"

	"apigwprobe/probe"
)

// Testify says what the account knows of who may have given each answer.
func (a *Account) Testify(ctx context.Context, api probe.API, sent []probe.Result) probe.Testimony {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := &look{Account: a, ctx: ctx, api: api, sent: sent}
	if !l.located() {
		return probe.Testimony{} // Look notes it
	}
	out := probe.Testimony{Evidence: l.facts()}
	slices.Sort(l.notes)
	out.Notes = slices.Compact(l.notes)
	return out
}

// located reports whether the API can be found in the account.
func (l *look) located() bool { return l.api.ID != "" && l.api.Region != "" && l.api.Stage != "" }
