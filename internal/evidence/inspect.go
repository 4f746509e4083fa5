package evidence

import (
	"context"
	"fmt"
	"strings"

	"apigwprobe/probe"
)

// inspection is a look at one API that comes to checks.
type inspection struct {
	look
	checks []Check
}

func (a *Account) inspect(ctx context.Context, api probe.API) *inspection {
	return &inspection{look: look{Account: a, ctx: ctx, api: api}}
}

// found ends a check.
func (i *inspection) found(c Check, outcome CheckOutcome, format string, args ...any) {
	c.Outcome, c.Text = outcome, fmt.Sprintf(format, args...)
	if outcome != Wrong {
		c.Cause = ""
	}
	i.checks, i.notes = append(i.checks, c), nil
}

// missed ends a check that cannot be made, for what was noted in place of an answer.
func (i *inspection) missed(c Check) {
	i.found(c, Unseen, "%s", i.why())
}

// why takes what was noted in place of answers.
func (i *inspection) why() string {
	text := unnoted(i.notes)
	i.notes = nil
	return text
}

// unnoted are notes as the text of a check.
func unnoted(notes []string) string {
	return strings.ReplaceAll(strings.Join(notes, "; "), "account: not seen: ", "not seen: ")
}

// accountID is the account that is looked at; "" if that is not known, which is noted.
func (i *inspection) accountID() string { return i.operator().Account }

// methodARN is what the invocation of a route of the API is on, in a stage of it; path is that of the request, without
// what stands before the route's.
func (i *inspection) methodARN(stage string, r probe.Route, verb, path string) string {
	method := verb + path
	if r.Path == probe.ConnectRoute {
		method = probe.ConnectRoute
	}
	return i.executeAPI(i.api.ID + "/" + stage + "/" + method)
}

// executeAPI is the ARN of something of an API.
func (i *inspection) executeAPI(what string) string {
	return strings.Join([]string{"arn", probe.Partition(i.api.Region), "execute-api", i.api.Region, i.accountID(), what}, ":")
}
