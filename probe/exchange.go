package probe

import (
	"cmp"
	"strings"
)

// Exchange is one request of a run and its answer: what attribution works on.
type Exchange struct {
	Case        Case
	Request     *Request // nil where the request is not known
	Observation *Observation
	// Extra names what the request was sent for beyond the matrix, empty for a case's own.
	Extra string
	// Superseded says that the case was asked again since: only the ids of the answer count, which a cache may repeat.
	Superseded bool
	// Evidence is what others than the answer say of it.
	Evidence []Evidence

	recording
}

// The extra requests of a run.
const (
	ExtraRepeat  = "repeat"          // confirms an open gate
	ExtraControl = "control-at-last" // shows whether the gateway changed during the run
	ExtraClock   = "clock"           // tells the gateway's time before anything is signed
)

// resultID is the id of the result that the exchange makes.
func (e *Exchange) resultID() string {
	if e.Extra == "" {
		return e.Case.ID()
	}
	return e.Case.ID() + "|" + e.Extra
}

// brackets reports whether the exchange repeats a control, to see whether the gateway still answers it as before.
func (e Exchange) brackets() bool { return strings.HasPrefix(e.Extra, ExtraControl) }

// group collects the exchanges of one API and finds out what each needs to know of the others.
func group(plan *Plan, exchanges, superseded []Exchange) []*exchange {
	xs := make([]*exchange, len(exchanges))
	for i, e := range exchanges {
		xs[i] = &exchange{
			id: e.Case.ID() + "|" + e.Extra, c: e.Case, req: e.Request, obs: e.Observation, own: e.Extra == "", last: e.brackets(),
			custom: e.Case.Access.Kind == AccessCustomDomain, api: cmp.Or(e.kind, e.Observation.api()), evidence: e.Evidence, recording: e.recording,
		}
		if e.Request != nil {
			xs[i].redirected = plan.Redirected(e.Request.name())
			xs[i].proxied = plan.Proxy != ""
		}
	}
	markSockets(xs)
	markTyped(xs)
	markStale(xs, superseded)
	markAccepted(xs)
	markDisguises(xs)
	markImitations(xs)
	markUnstable(xs)
	markChanged(xs, superseded)
	return xs
}

// usualAPI is the kind of API that answered as a rule: the one that the answer shows, or else the declared one.
func (x *exchange) usualAPI() APIType { return cmp.Or(x.api, x.c.API.Type) }

// markTyped finds the accesses on which nothing takes the gateway's error type off, and those on which something does:
// even an address that leads nowhere is refused in the gateway's words, and these are not one text for everything.
func markTyped(xs []*exchange) {
	seen, lost := make(map[string]bool), make(map[string]bool)
	texts := make(map[string]map[string]bool)
	for _, x := range xs {
		access := x.c.Access.ID()
		text := gatewayTexts.FindString(x.obs.fullMessage())
		switch {
		case x.obs.ErrorType != "":
			seen[access] = true
		case x.req != nil && x.obs.Status >= 400 && text != "":
			lost[access] = lost[access] || x.req.DeadEnd != "" && x.c.API.catchAll() != Declared(AuthNone)
			if texts[access] == nil {
				texts[access] = make(map[string]bool)
			}
			texts[access][text] = true
		}
	}
	for _, x := range xs {
		access := x.c.Access.ID()
		x.typesSeen = seen[access]
		x.typesTaken = !seen[access] && lost[access] && len(texts[access]) > 1
	}
}

// markStale finds answers that were made for another request: a cache in front repeats the gateway's ids.
func markStale(xs []*exchange, superseded []Exchange) {
	spent := make(map[string]bool)
	for _, e := range superseded {
		spent[e.Observation.GatewayID()] = true
	}
	first := make(map[string]*exchange)
	echoes := make(map[string]bool)
	for _, x := range xs {
		if x.req != nil && x.obs.RequestID == x.req.ID {
			echoes[x.req.Host] = true
		}
		id := x.obs.GatewayID()
		if id == "" || x.logged {
			continue
		}
		if f, ok := first[id]; !ok || x.before(f) {
			first[id] = x
		}
	}
	for _, x := range xs {
		x.stale = x.cached
		if x.logged {
			continue
		}
		if id := x.obs.GatewayID(); id != "" && (first[id] != x || spent[id]) {
			x.stale = true
		}
		if age := x.obs.Header("age"); age != "" && age != "0" {
			x.stale = true
		}
		cache := strings.ToLower(x.obs.Header("x-cache"))
		if strings.HasPrefix(cache, "hit") || strings.HasPrefix(cache, "refreshhit") {
			x.stale = true
		}
		// An HTTP API gives its answers ids of its own.
		x.echoless = x.api != HTTP && x.req != nil && echoes[x.req.Host] && x.obs.RequestID != "" && x.obs.RequestID != x.req.ID
	}
}

// before reports whether the answer was made for x rather than for y, which bears the same id: the one that echoes its
// own request id, or else the earlier one.
func (x *exchange) before(y *exchange) bool {
	echoes := func(e *exchange) bool { return e.req != nil && e.obs.RequestID == e.req.ID }
	switch {
	case echoes(x) != echoes(y):
		return echoes(x)
	case !x.obs.Sent.Equal(y.obs.Sent):
		return x.obs.Sent.Before(y.obs.Sent)
	default:
		return x.id < y.id
	}
}

// family is what the headers of an answer say of the way that it came.
func family(o *Observation) string {
	var parts []string
	for _, name := range []string{"apigw-requestid", "x-amz-apigw-id", "x-amzn-requestid", "via", "cf-ray"} {
		if o.Has(name) {
			parts = append(parts, name)
		}
	}
	return o.Header("server") + " " + strings.Join(parts, " ")
}

// markAccepted decides which requests their route took. A 2xx of something in front, of a gateway response or of a
// cache is not an acceptance.
func markAccepted(xs []*exchange) {
	way := make(map[string]string) // route and access to the family of a control without an id
	for _, x := range xs {
		if x.c.Control && x.obs.Answered() && x.obs.GatewayID() == "" && x.c.Route.Accepts(x.obs.Status) && !isPage(x, xs) {
			way[x.c.Route.Name()+x.c.Access.ID()] = family(x.obs)
		}
	}
	for _, x := range xs {
		o := x.obs
		if !o.Answered() || !x.c.accepts(o.Status) || o.ErrorType != "" || o.Has("x-amzn-waf-action") || x.stale ||
			hiddenRefusal.MatchString(o.fullMessage()) {
			continue
		}
		// What accepts a handshake is made for its key, so that no page and no cache can do it.
		if !o.HeadersComplete || o.GatewayID() != "" || o.Status == 101 {
			x.accepted = true
			continue
		}
		control, ok := way[x.c.Route.Name()+x.c.Access.ID()]
		x.accepted = ok && control == family(o)
	}
	proven, asked := make(map[string]bool), make(map[string]bool)
	for _, x := range xs {
		proven[x.c.Route.Name()] = proven[x.c.Route.Name()] || x.c.Control && x.accepted
		asked[x.c.Route.Name()] = asked[x.c.Route.Name()] || x.c.Control
	}
	for _, x := range xs {
		x.routeProven = proven[x.c.Route.Name()]
		x.routeRefused = asked[x.c.Route.Name()] && !x.routeProven
	}
}

// isPage reports whether an address that leads nowhere was answered like the control, by the same body without an id of
// the gateway: then something in front answers everything so.
func isPage(control *exchange, xs []*exchange) bool {
	for _, x := range xs {
		if x.req != nil && x.req.DeadEnd != "" && x.c.Access.ID() == control.c.Access.ID() && x.obs.GatewayID() == "" &&
			x.obs.Status == control.obs.Status && x.obs.BodySHA256 == control.obs.BodySHA256 &&
			x.c.API.catchAll() != Declared(AuthNone) {
			return true
		}
	}
	return false
}

const refusedControl = "the control of this route was answered with an error type"

// markImitations finds routes whose backend may send what looks like the gateway's own error.
func markImitations(xs []*exchange) {
	signs := make(map[string]string)
	for _, x := range xs {
		sign := ""
		id, _, _, _, arn := answeringAPI(x.obs)
		switch {
		case x.c.API.BackendAWS:
			sign = "declared: backend: aws"
		case x.obs.Has("x-amzn-remapped-x-amzn-requestid"):
			sign = "an answer of this route bears the request id of an AWS service behind it"
		case x.obs.ErrorType != "" && x.obs.Status >= 200 && x.obs.Status < 300:
			sign = "an answer of this route bears an error type and a status of success"
		case x.obs.ErrorType != "" && strings.Contains(x.obs.Header("x-amzn-trace-id"), "Parent="):
			sign = "an error of this route bears the trace of a function"
		case arn && !x.custom && x.req != nil && !x.req.names(id):
			sign = "an answer of this route names another API"
		case x.c.Control && !x.accepted && x.obs.ErrorType != "" && x.obs.Status < 500 && x.obs.Status != 429:
			sign = refusedControl
		}
		// The weakest sign yields, and of the others the choice must not depend on the order.
		if old := signs[x.c.Route.Name()]; sign != "" && (old == "" || old == refusedControl || sign != refusedControl && old < sign) {
			signs[x.c.Route.Name()] = sign
		}
	}
	for _, x := range xs {
		x.imitation = signs[x.c.Route.Name()]
	}
}

// markUnstable decides for each access whether one configuration answered all the time: the control, sent first and
// last, must have brought the same.
func markUnstable(xs []*exchange) {
	first := make(map[string]*exchange) // by case id
	for _, x := range xs {
		if x.c.Control && x.own {
			first[x.c.ID()] = x
		}
	}
	verdict := make(map[string]string) // by access; "" is stable
	for _, x := range xs {
		f := first[x.c.ID()]
		if !x.last || f == nil {
			continue
		}
		access := x.c.Access.ID()
		same := f.obs.Status == x.obs.Status && f.obs.ErrorType == x.obs.ErrorType && (f.accepted || f.obs.fullMessage() == x.obs.fullMessage())
		if _, seen := verdict[access]; !same {
			verdict[access] = "the control was answered differently at the end of the run"
		} else if !seen {
			verdict[access] = ""
		}
	}
	for _, x := range xs {
		var ok bool
		x.unstable, ok = verdict[x.c.Access.ID()]
		switch {
		case x.c.API.Canary:
			x.unstable = "declared: canary"
		case x.changing() != "":
			x.unstable = x.changing()
		case !ok:
			x.unstable = "no control was sent first and last"
		}
	}
}

// markChanged makes the siblings of a way in prove nothing if a case that was asked again was answered otherwise before:
// more than one configuration answered.
func markChanged(xs []*exchange, superseded []Exchange) {
	now := make(map[string]*Observation)
	for _, x := range xs {
		now[x.id] = x.obs
	}
	changed := make(map[string]bool)
	for _, e := range superseded {
		o, again := now[e.Case.ID()+"|"+e.Extra]
		if again && (o.Status != e.Observation.Status || o.ErrorType != e.Observation.ErrorType) {
			changed[e.Case.Access.ID()] = true
		}
	}
	for _, x := range xs {
		if changed[x.c.Access.ID()] && x.unstable == "" {
			x.unstable = "answers changed while the run waited"
		}
	}
}
