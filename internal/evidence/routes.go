package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// method is what a method or route wants.
type method struct {
	authorization string
	key           bool
}

// methods are those of an API by their keys: "GET /orders", "$connect".
type methods map[string]method

// taking is the method that takes the requests of a declared route, and its key.
func (m methods) taking(r probe.Route) (string, bool) {
	for _, key := range []string{r.Name(), "ANY " + r.Path} {
		if _, ok := m[key]; ok {
			return key, true
		}
	}
	best := ""
	for _, key := range slices.Sorted(maps.Keys(m)) { // the longest prefix wins
		verb, path, _ := strings.Cut(key, " ")
		at := strings.Index(path, "{")
		greedy := at >= 0 && strings.HasSuffix(path, "+}") && strings.HasPrefix(r.Path, path[:at])
		if (verb == "ANY" || verb == r.Method) && greedy && len(path) > len(best) {
			best = key
		}
	}
	if best == "" && r.Method != "" {
		best = probe.DefaultStage // the key of the catch-all of HTTP APIs, too
	}
	_, ok := m[best]
	return best, ok
}

// on says which methods there are on a path, in words; nothing if there are none.
func (m methods) on(path string) string {
	var verbs []string
	for key := range m {
		if verb, at, _ := strings.Cut(key, " "); at == path {
			verbs = append(verbs, verb)
		}
	}
	if len(verbs) == 0 {
		return ""
	}
	slices.Sort(verbs)
	return "; deployed there: " + strings.Join(verbs, ", ")
}

// state is what a route is in the account: deployed, and as it is being edited.
type state struct {
	deployed, edited methods // nil: not seen
}

// routes compares each declared route with what is deployed, with what is being edited, and with the answers.
func (l *look) routes(s state) {
	for _, r := range l.api.Routes {
		what, other := "deployed", s.edited
		now := s.deployed
		if now == nil { // what is deployed of a WebSocket API cannot be read
			what, now, other = "in the API", s.edited, nil
		}
		if now == nil {
			return
		}
		key, there := now.taking(r)
		editedKey, edited := other.taking(r)
		switch {
		case !there && edited:
			l.find("not-deployed", "%s: declared and in the API, but not deployed%s", r.Name(), now.on(r.Path))
		case !there:
			l.find("route-missing", "%s: declared, but not %s%s", r.Name(), what, now.on(r.Path))
		case other != nil && !edited:
			l.find("not-deployed", "%s: deployed, but no more in the API: changed, not deployed", r.Name())
		default:
			was := other[editedKey]
			if other == nil {
				was = now[key]
			}
			l.authorization(r, what, now[key], was)
			l.keys(r, what, now[key], was)
		}
	}
}

// authorizing are the layers that an authorization type stands for.
var authorizing = []probe.Layer{
	probe.IAMAuthentication, probe.IAMAuthorization, probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.JWTAuthorizer,
}

// authorization compares who may call a route.
func (l *look) authorization(r probe.Route, what string, now, edited method) {
	past, behaves := l.behaviour(r, func(layer probe.Layer) bool { return slices.Contains(authorizing, layer) })
	declared := string(r.Authorization)
	l.compare(threefold{
		kind: "authorization", route: r.Name(), what: what, declared: declared, now: now.authorization, edited: edited.authorization,
		behaves: behaves, past: past && declared != string(probe.AuthNone),
	})
}

// keys compares whether a route wants an API key.
func (l *look) keys(r probe.Route, what string, now, edited method) {
	past, behaves := l.behaviour(r, func(layer probe.Layer) bool { return layer == probe.APIKeyLayer })
	words := func(wanted bool) string {
		if wanted {
			return "API key required"
		}
		return "no API key required"
	}
	l.compare(threefold{
		kind: "api-key", route: r.Name(), what: what, declared: words(r.APIKeyRequired), now: words(now.key), edited: words(edited.key),
		behaves: behaves, past: past && r.APIKeyRequired,
	})
}

// threefold is one property of a route as three sides know it.
type threefold struct {
	kind, route, what     string
	declared, now, edited string
	behaves               string // what the gateway does, in words
	past                  bool   // it lets past what is declared to be refused
}

func (l *look) compare(t threefold) {
	words := fmt.Sprintf("%s: declared %s; %s: %s", t.route, t.declared, t.what, t.now)
	switch {
	case t.now != t.edited:
		l.find("not-deployed", "%s; in the API: %s: changed, not deployed; %s", words, t.edited, t.behaves)
	case t.declared != t.now:
		l.find(t.kind, "%s; %s", words, t.behaves)
	case t.past:
		l.find("behaviour", "%s, too; but %s: something else answers there, or a change is on its way", words, t.behaves)
	}
}

// behaviour is what the gateway does with the requests of a route that these layers have to refuse, and whether any got
// past.
func (l *look) behaviour(r probe.Route, by func(probe.Layer) bool) (past bool, words string) {
	var opened, shut []string
	blocked := ""
	for _, res := range l.sent {
		switch {
		case res.Route != r.Name():
		case res.Control && res.Verdict == probe.Fail && res.Attribution != nil:
			blocked = string(res.Attribution.Layer)
		case !res.IsGate() || !slices.ContainsFunc(res.Expected.Layers, by):
		case res.Verdict == probe.Fail && res.Kind == probe.Open:
			opened = append(opened, res.Scenario)
		case res.Proven:
			shut = append(shut, res.Scenario)
		}
	}
	list := func(names []string) string {
		slices.Sort(names)
		return strings.Join(slices.Compact(names), ", ")
	}
	switch {
	case len(opened) > 0:
		return true, "the gateway let past: " + list(opened)
	case len(shut) > 0:
		return false, "the gateway refused: " + list(shut)
	case blocked != "":
		return false, "the gateway refused the control, by " + blocked
	}
	return false, "the answers of the gateway do not show it"
}
