package probe

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// mutation is one change of the tables that attribution rests on.
type mutation struct {
	name  string
	layer Layer // whose facets it changes
	apply func()
}

// TestMutations takes one facet, one mark, one edge or one row away at a time, or makes an unknown edge usable: what other
// tests want of readings, orders, shapes or recordings must not hold any more. It is not parallel, for it changes the tables.
func TestMutations(t *testing.T) {
	began := time.Now()
	vectors := recorded(t)
	want := readAll(vectors)
	before := tables{readsTable, edges, soundOrders, plainOrders, fingerprints, httpFingerprints, socketFingerprints, elsewhere}
	defer before.restore()
	if len(disorders()) > 0 || len(misread(t)) > 0 || slices.ContainsFunc(readings, func(r reading) bool { return len(r.wrongs(t)) > 0 }) {
		t.Fatal("something is wrong before anything is changed: the other tests say what")
	}
	count := 0
	for _, kind := range []struct {
		mutations []mutation
		noticed   func(mutation) bool
	}{
		{readingMutations(), func(m mutation) bool {
			return slices.ContainsFunc(readings, func(r reading) bool { return r.layer == m.layer && len(r.wrongs(t)) > 0 })
		}},
		{edgeMutations(), func(mutation) bool { return len(disorders()) > 0 }},
		{rowMutations(), func(mutation) bool { return len(misread(t)) > 0 || readAll(vectors) != want }},
	} {
		for _, m := range kind.mutations {
			m.apply()
			if !kind.noticed(m) {
				t.Errorf("%s: nothing notices", m.name)
			}
			before.restore()
			count++
		}
	}
	t.Logf("%d mutations in %s", count, time.Since(began).Round(time.Millisecond))
}

// tables are what mutations change.
type tables struct {
	reads                []reads
	edges                []edge
	sound, plain         orders
	rows                 []fingerprint
	http, socket, others []fingerprint
}

func (b tables) restore() {
	readsTable, edges, soundOrders, plainOrders = b.reads, b.edges, b.sound, b.plain
	fingerprints, httpFingerprints, socketFingerprints, elsewhere = b.rows, b.http, b.socket, b.others
}

// readingMutations take each facet and each mark from the table of facets.
func readingMutations() []mutation {
	var out []mutation
	change := func(i int, what string, by func(*reads)) {
		out = append(out, mutation{fmt.Sprintf("%s %s: %s", apiWords(readsTable[i].apis), readsTable[i].layer, what), readsTable[i].layer, func() {
			readsTable = slices.Clone(readsTable)
			by(&readsTable[i])
		}})
	}
	for i, row := range readsTable {
		for _, kind := range []struct {
			name string
			list func(*reads) *[]Facet
		}{
			{"reads", func(r *reads) *[]Facet { return &r.sound }},
			{"usually reads", func(r *reads) *[]Facet { return &r.plain }},
			{"reads if as declared", func(r *reads) *[]Facet { return &r.declared }},
		} {
			facets := *kind.list(&row)
			for j, f := range facets {
				change(i, kind.name+" no "+facetWords([]Facet{f}), func(r *reads) { *kind.list(r) = slices.Delete(slices.Clone(facets), j, j+1) })
			}
			if facets != nil {
				change(i, kind.name+" nothing known", func(r *reads) { *kind.list(r) = nil })
			}
		}
		if row.sound == nil {
			change(i, "is deterministic", func(r *reads) { r.sound = r.plain })
		}
	}
	return out
}

// edgeMutations take each edge that proves, and make each proof that is none.
func edgeMutations() []mutation {
	var out []mutation
	change := func(name string, changed []edge) {
		out = append(out, mutation{name, "", func() {
			edges = changed
			soundOrders = newOrders(met, func(e edge) bool { return e.grade != Inferred })
			plainOrders = newOrders(met, func(edge) bool { return true })
		}})
	}
	for i, e := range edges {
		changed := slices.Clone(edges)
		if e.grade == Inferred {
			changed[i].grade = Documented
			change(fmt.Sprintf("%s: %s before %s proves", apiWords(e.apis), e.before, e.after), changed)
		} else {
			change(fmt.Sprintf("%s: %s not before %s", apiWords(e.apis), e.before, e.after), slices.Delete(changed, i, i+1))
		}
	}
	return out
}

// rowMutations take each row that proves from the table of fingerprints.
func rowMutations() []mutation {
	var out []mutation
	for _, table := range []*[]fingerprint{&fingerprints, &httpFingerprints, &socketFingerprints, &elsewhere} {
		rows := *table
		for i, f := range rows {
			if f.grade != Inferred {
				out = append(out, mutation{"no row " + f.name, "", func() { *table = slices.Delete(slices.Clone(rows), i, i+1) }})
			}
		}
	}
	return out
}
