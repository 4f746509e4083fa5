package doctor

import (
	"slices"
	"strings"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"
)

// pointer is a fact beside the answers that speaks for a cause.
type pointer struct {
	layer probe.Layer
	cause probe.Cause
	by    string // what says so: "check", "account"
	text  string
	fits  func(probe.Result) bool
}

// pointers are those of checks, and of what the account was found to be.
func (in Input) pointers() []pointer {
	var out []pointer
	for _, c := range in.Checks {
		if c.Outcome == evidence.Wrong && c.Cause != "" {
			out = append(out, pointer{c.Layer, c.Cause, "check", checkWords(c), func(r probe.Result) bool {
				return !strings.HasPrefix(c.Name, "DNS ") || strings.HasSuffix(c.Name, " "+r.Host) // or of another name
			}})
		}
	}
	for _, f := range in.Report.Findings {
		for _, rule := range rules {
			if rule.kind == f.Kind && strings.Contains(f.Text, rule.words) && (!rule.route || strings.HasPrefix(f.Text, in.Route.Name()+":")) {
				out = append(out, pointer{rule.layer, rule.cause, "account", f.Text, func(r probe.Result) bool {
					return !rule.host || r.Access == probe.AccessCustomDomain && strings.Contains(f.Text, r.Host)
				}})
				break
			}
		}
	}
	return out
}

// rules say what a finding of the account speaks for. The first that fits counts.
var rules = []struct {
	kind, words string
	layer       probe.Layer
	cause       probe.Cause
	route, host bool // it is of this route; of the host that was called
}{
	{kind: "stage-missing", layer: probe.Stage, cause: "unknown-stage"},
	{kind: "mapping", layer: probe.Domain, cause: "no-base-path-mapping", host: true},
	{kind: "domain-missing", layer: probe.Domain, cause: "no-base-path-mapping", host: true},
	{kind: "default-endpoint", words: "in the account it is disabled", layer: probe.Domain, cause: "default-endpoint-disabled"},
	{kind: "not-deployed", words: "but not deployed; deployed there:", layer: probe.RouteLayer, cause: "wrong-method", route: true},
	{kind: "not-deployed", words: "but not deployed", layer: probe.RouteLayer, cause: "no-such-resource", route: true},
	{kind: "route-missing", words: "deployed there:", layer: probe.RouteLayer, cause: "wrong-method", route: true},
	{kind: "route-missing", layer: probe.RouteLayer, cause: "no-such-resource", route: true},
	{kind: "key-disabled", layer: probe.APIKeyLayer, cause: "disabled-api-key"},
	{kind: "usage-plan", layer: probe.APIKeyLayer, cause: "api-key-not-in-usage-plan"},
	{kind: "api-key", words: "declared no API key required", layer: probe.APIKeyLayer, cause: "missing-api-key", route: true},
	{kind: "clock-skew", layer: probe.IAMAuthentication, cause: "clock-skew"},
}

// pointed is the pointer that speaks for one of the causes that an answer leaves, or else for one of its layers.
func (in Input) pointed(res probe.Result) (pointer, bool) {
	a := res.Attribution
	all := slices.DeleteFunc(in.pointers(), func(p pointer) bool {
		return !p.fits(res) || a.Confidence == probe.Certain && p.layer != a.Layer
	})
	for _, same := range []func(probe.Candidate, pointer) bool{
		func(c probe.Candidate, p pointer) bool { return c == probe.Candidate{Layer: p.layer, Cause: p.cause} },
		func(c probe.Candidate, p pointer) bool { return c.Layer == p.layer },
	} {
		i := slices.IndexFunc(all, func(p pointer) bool {
			return slices.ContainsFunc(a.Candidates, func(c probe.Candidate) bool { return same(c, p) })
		})
		if i >= 0 {
			return all[i], true
		}
	}
	return pointer{}, false
}

// excluded is the one cause of the layer that the checks leave of several, with those that were fine.
func (in Input) excluded(a probe.Attribution) (probe.Cause, []pointer) {
	var left []probe.Cause
	var out []pointer
	for _, c := range a.Candidates {
		if c.Layer != a.Layer {
			continue
		}
		if check, ok := in.excludes(c); ok {
			out = append(out, pointer{by: "check", text: checkWords(check)})
		} else {
			left = append(left, c.Cause)
		}
	}
	if len(out) == 0 || len(left) != 1 {
		return "", nil
	}
	return left[0], out
}

// excludes finds a check that would not be fine if the candidate were it.
func (in Input) excludes(c probe.Candidate) (evidence.Check, bool) {
	name := excluding[c.Cause]
	i := slices.IndexFunc(in.Checks, func(check evidence.Check) bool {
		return name != "" && check.Outcome == evidence.Fine && check.Layer == c.Layer && strings.HasPrefix(check.Name, name)
	})
	if i < 0 {
		return evidence.Check{}, false
	}
	return in.Checks[i], true
}

// excluding are the checks, by the beginning of their names, that are not fine where the cause holds.
var excluding = map[probe.Cause]string{
	"lambda-authorizer-missing-identity-source": "identity sources of ",
	"lambda-permission-missing":                 "permission to invoke the integration ",
}
