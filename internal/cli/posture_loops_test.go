package cli_test

import (
	"flag"
	"fmt"
	"runtime/debug"
	"testing"

	"apigwprobe/probe"
)

// seeds are how many random postures each test of them makes. The figures of the README are made with many.
var seeds = flag.Uint64("seeds", 60, "random postures for each test of them")

// A posture is short-lived and makes much rubbish.
func init() { debug.SetGCPercent(400) }

// checkAll checks postures side by side: what holds in all of them, and what the test itself asks.
func checkAll(t *testing.T, postures []posture, more func(outcome) []string) {
	t.Helper()
	all := make([]fault, len(postures))
	for i, p := range postures {
		all[i].posture = p
	}
	checkEach(t, all, func(fault) func(outcome) []string { return more })
}

// checkFaults checks postures side by side, with what each is to be found to be.
func checkFaults(t *testing.T, faults []fault) {
	t.Helper()
	checkEach(t, faults, func(f fault) func(outcome) []string { return f.unmet })
}

func checkEach(t *testing.T, faults []fault, more func(fault) func(outcome) []string) {
	t.Helper()
	t.Parallel()
	count := newTally(t)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.check(t, count, more(f))
		})
	}
}

// checkSeeds checks random postures. A failure names its seed, which gives the same posture again.
func checkSeeds(t *testing.T, posture func(t *testing.T, seed uint64) posture) {
	t.Helper()
	t.Parallel()
	t.Logf("seeds 1 to %d", *seeds)
	count := newTally(t)
	for seed := uint64(1); seed <= *seeds; seed++ {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			t.Parallel()
			posture(t, seed).check(t, count, nil)
		})
	}
}

// honest is no lie.
var honest = option[probe.Plan]{name: "honest"}

var truthAndLies = append([]option[probe.Plan]{honest}, lies...)

// lied is each posture as its owner declares it, and with each lie that can be told of it. What selects its scenarios is
// too slow for the lies.
func lied(postures []posture, lies []option[probe.Plan]) []posture {
	var out []posture
	for _, p := range postures {
		for _, l := range lies {
			if l.change != nil && (testing.Short() || len(p.sel.Scenarios) > 0) {
				continue
			}
			q := p
			q.name += "/" + l.name
			q.declare = both(p.declare, l.change)
			out = append(out, q)
		}
	}
	return out
}

// inWorlds is each posture in each world where the real behaviour is unknown.
func inWorlds(t *testing.T, postures []posture) []posture {
	t.Helper()
	var out []posture
	for _, w := range worlds(t) {
		for _, p := range postures {
			p.name, p.setup = w.name+"/"+p.name, both(w.setup, p.setup)
			out = append(out, p)
		}
	}
	return out
}
