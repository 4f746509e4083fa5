package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// elimination is rule E3: a layer did not reject a request if it let a sibling pass that is equal in all that the
// layer reads.
type elimination struct {
	orders   orders
	plain    bool
	declared bool // plain, and every way in leads where it is declared to lead
}

// api is the kind of API whose tables hold for an exchange: the one that the answer shows, and otherwise, as a rule, the
// declared one.
func (e elimination) api(x *exchange) APIType {
	if e.plain {
		return x.usualAPI()
	}
	return x.api
}

// run repeats rounds until nothing changes. Each round works on the state before it, so that the outcome does not
// depend on the order of the exchanges.
func (e elimination) run(states []*state) {
	for _, s := range states {
		s.keys = e.keys(s)
	}
	for {
		passed := e.index(states)
		walls := e.walls(states)
		changed := false
		for _, s := range states {
			if s.contradiction || s.x.req == nil {
				continue
			}
			rs := e.behindWalls(s, walls)
			for i, row := range readsTable {
				if !slices.Contains(s.left, row.layer) || !e.plain && !e.usable(s) {
					continue
				}
				if sibling := passed[s.keys[i]]; sibling != nil && sibling != s {
					rs = append(rs, reason{row.layer, e.because(row, sibling)})
				}
			}
			changed = s.drop(rs, e.plain) || changed
		}
		if !changed {
			break
		}
	}
	if e.plain {
		return
	}
	// E5: observations that contradict each other prove nothing about their access.
	broken := make(map[string]bool)
	for _, s := range states {
		if s.contradiction {
			broken[s.x.c.Access.ID()] = true
		}
	}
	for _, s := range states {
		if broken[s.x.c.Access.ID()] && s.x.cap == "" {
			s.x.cap = "observations of this access contradict each other"
		}
	}
}

// index finds, for each layer and each value of the facets that it reads, a request that is known to have got past. A
// missing key stands for no request.
func (e elimination) index(states []*state) map[string]*state {
	passed := make(map[string]*state)
	for _, s := range states {
		if !e.usable(s) {
			continue
		}
		for i, row := range readsTable {
			if s.keys[i] == "" || !e.passed(s, row.layer) {
				continue
			}
			if passed[s.keys[i]] == nil {
				passed[s.keys[i]] = s
			}
		}
	}
	return passed
}

// wall is a set of layers of which one is known to have refused certain requests, by the values of all facets that
// these layers read: what is equal in them gets no further either.
type wall struct {
	rows    []int // of the table, one for each layer
	refused map[string]*state
}

// walls finds, for each set of layers that refused a request for nothing but the facets they read, those requests.
func (e elimination) walls(states []*state) []wall {
	bySet := make(map[string]int)
	var out []wall
	for _, s := range states {
		rows, ok := e.refusers(s)
		if !ok {
			continue
		}
		set := fmt.Sprint(rows)
		i, seen := bySet[set]
		if !seen {
			i = len(out)
			bySet[set] = i
			out = append(out, wall{rows, make(map[string]*state)})
		}
		if key := s.joined(rows); out[i].refused[key] == nil {
			out[i].refused[key] = s
		}
	}
	return out
}

// refusers are the rows of all layers that may have refused s; it reports false if one of them may decide otherwise
// another time, or is none of the table.
func (e elimination) refusers(s *state) ([]int, bool) {
	if !e.usable(s) || len(s.left) == 0 {
		return nil, false
	}
	var rows []int
	for i, row := range readsTable {
		if row.of(e.api(s.x)) && slices.Contains(s.left, row.layer) {
			if s.keys[i] == "" {
				return nil, false
			}
			rows = append(rows, i)
		}
	}
	return rows, len(rows) == len(s.left)
}

// joined is the value of all facets that the layers of these rows read, or "" if one of them reads what is never equal.
func (s *state) joined(rows []int) string {
	keys := make([]string, len(rows))
	for i, row := range rows {
		if s.keys[row] == "" {
			return ""
		}
		keys[i] = s.keys[row]
	}
	return strings.Join(keys, "\x01")
}

// behindWalls lists the layers that s did not reach, because it is equal to a request that was refused before them.
func (e elimination) behindWalls(s *state, walls []wall) []reason {
	if len(s.left) < 2 || !e.plain && !e.usable(s) || s.x.recorded { // of others: who knows what else was different
		return nil
	}
	order := e.orders[e.api(s.x)]
	var rs []reason
	for _, w := range walls {
		var after []Layer
		for _, l := range s.left {
			if !slices.ContainsFunc(w.rows, func(row int) bool { return !order.before(readsTable[row].layer, l) }) {
				after = append(after, l)
			}
		}
		if len(after) == 0 {
			continue
		}
		key := s.joined(w.rows)
		sibling := w.refused[key]
		if key == "" || sibling == nil || sibling == s {
			continue
		}
		for _, l := range after {
			rs = append(rs, reason{l, e.wallBecause(l, sibling)})
		}
	}
	return rs
}

func (e elimination) wallBecause(l Layer, sibling *state) string {
	x := sibling.x
	text := fmt.Sprintf("%s: %s on %s via %s was refused before it (%s), and this request is equal in all that decides there", l,
		x.c.Scenario.Name, x.c.Route.Name(), x.c.Access.ID(), join(sibling.left))
	if e.plain {
		return text + " as a rule"
	}
	return text + assuming(x)
}

// usable reports whether an exchange says anything about others.
func (e elimination) usable(s *state) bool {
	x := s.x
	if x.req == nil || x.stale || s.contradiction || x.obs.Status == 429 || x.obs.Status == 503 {
		return false
	}
	if x.api == HTTP && preflight(x.req) { // an HTTP API answers it by itself, whatever the path leads to
		return false
	}
	return e.plain || transparent(x) && x.unstable == "" && !x.echoless && x.cap == ""
}

// passed is rule E2: accepted, or everything that may have answered comes after l.
func (e elimination) passed(s *state, l Layer) bool {
	order := e.orders[e.api(s.x)]
	for _, c := range s.left {
		if c != None && !order.before(l, c) {
			return false
		}
	}
	return len(s.left) > 0
}

// keys are the values of all facets that each layer of the table reads, a line for each row; "" where a layer is not
// deterministic, or a line is about another kind of API.
func (e elimination) keys(s *state) []string {
	if s.x.req == nil {
		return make([]string, len(readsTable))
	}
	keys := make([]string, len(readsTable))
	for i, row := range readsTable {
		facets := row.facetsFor(e)
		if !row.of(e.api(s.x)) || facets == nil {
			continue
		}
		parts := append(make([]string, 0, len(facets)+1), strconv.Itoa(i))
		for _, f := range facets {
			switch f {
			case FacetConn:
				parts = append(parts, s.x.obs.Conn)
			case FacetAddress:
				parts = append(parts, s.x.obs.Remote)
			case facetScheme:
				scheme, _, _ := strings.Cut(s.x.req.Header.Get("Authorization"), " ")
				parts = append(parts, scheme)
			case facetDeployed:
				stage, _ := s.x.deployed()
				parts = append(parts, stage)
			case facetResource:
				stage, path := s.x.deployed()
				parts = append(parts, stage, path)
			default:
				parts = append(parts, s.x.req.Facets[f])
			}
		}
		keys[i] = strings.Join(parts, "\x00")
	}
	return keys
}

// deployed is the stage that the address leads to, as declared, and the path on the API.
func (x *exchange) deployed() (stage, path string) {
	path, prefixed := strings.CutPrefix(x.req.Facets[FacetPath], x.c.Access.Prefix)
	if prefixed && x.req.DeadEnd != Domain && x.req.DeadEnd != Stage {
		return x.c.API.Stage, path
	}
	return x.req.Facets[FacetHost] + "/" + x.req.Facets[FacetStageSegment], x.req.Facets[FacetPath]
}

func (e elimination) because(row reads, sibling *state) string {
	x := sibling.x
	what := "was accepted"
	if sibling.left[0] != None {
		what = "was answered by a later layer (" + join(sibling.left) + ")"
	}
	text := fmt.Sprintf("%s: %s on %s via %s %s and is equal in all that this layer reads", row.layer, x.c.Scenario.Name,
		x.c.Route.Name(), x.c.Access.ID(), what)
	switch {
	case e.declared && row.declared != nil:
		return text + " if both lead where they are declared to lead"
	case e.plain:
		return text + " as a rule"
	}
	return text + assuming(x)
}

// assuming names what a proof by a sibling takes for granted.
func assuming(x *exchange) string {
	if x.redirected {
		return " (assuming a stable configuration and no canary, and that connect_to leads to the gateway)"
	}
	return " (assuming a stable configuration and no canary)"
}

func join(ls []Layer) string {
	parts := make([]string, len(ls))
	for i, l := range ls {
		parts[i] = string(l)
	}
	return strings.Join(parts, " or ")
}
