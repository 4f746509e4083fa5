package sandbox

import (
	"net/http"
	"slices"
)

// Throttle limits requests, whoever makes them: of a method, a stage or an
// account. One that stands in two places limits both together.
type Throttle struct {
	Rate  float64 // requests a second
	Burst int     // 0: nothing passes
}

// AccountThrottle limits all APIs of an account in a region together.
type AccountThrottle struct {
	Account, Region string
	Throttle
}

// checkMethodThrottle counts the request against the limit of its method.
func checkMethodThrottle(x *exchange) *refusal { return x.count(x.route.Throttle) }

// checkThrottle counts the request against the limits that do not depend on the
// route: of its stage, then of the account.
func checkThrottle(x *exchange) *refusal {
	if no := x.count(x.stage.Throttle); no != nil {
		return no
	}
	for i := range x.model.AccountThrottles {
		if t := &x.model.AccountThrottles[i]; t.Account == x.api.Account && t.Region == x.api.Region {
			return x.count(&t.Throttle)
		}
	}
	return nil
}

func (x *exchange) count(limit *Throttle) *refusal {
	if limit == nil || limit.Burst > 0 && x.usage.take(limit, limits{rate: limit.Rate, burst: limit.Burst}, x.now) == "" {
		return nil
	}
	no := &refusal{cause: "throttled", kind: throttled, message: "Too Many Requests"}
	if x.model.Switches.ThrottledHTTPIsUnavailable {
		no.onHTTP = http.StatusServiceUnavailable
	}
	return no
}

// throttling puts the throttles after all layers, or before those that authorize.
// What does not need the route may also be counted as soon as the stage is known.
func throttling(s Switches, find, authorize []layer) []layer {
	method, rest := layer{"usage-plan", checkMethodThrottle}, layer{"usage-plan", checkThrottle}
	throttles := []layer{method, rest}
	if s.ThrottleBeforeWAF {
		stage := slices.IndexFunc(find, func(l layer) bool { return l.name == "stage" })
		find = slices.Insert(slices.Clone(find), stage+1, rest)
		throttles = []layer{method}
	}
	if s.ThrottleFirst {
		return slices.Concat(find, throttles, authorize)
	}
	return slices.Concat(find, authorize, throttles)
}

func (m *Model) validateThrottles(p *problems) {
	seen := map[string]bool{}
	for _, t := range m.AccountThrottles {
		p.unique(seen, "account throttle", t.Account+" "+t.Region)
		if !slices.ContainsFunc(m.APIs, func(a API) bool { return a.Account == t.Account && a.Region == t.Region }) {
			p.add("account throttle: no API of account %q in region %q", t.Account, t.Region)
		}
	}
}
