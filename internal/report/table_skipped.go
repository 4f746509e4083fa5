package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

// unproven names what passed and yet has a next step: nothing was wrong, and nothing was shown.
func (p *page) unproven(passed []probe.Result) {
	var open []probe.Result
	for _, res := range passed {
		if res.Next != "" {
			open = append(open, res)
		}
	}
	if len(open) == 0 {
		return
	}
	p.blank()
	p.line(0, "PASSED, but could show more", bold)
	for _, group := range collect(open, func(res probe.Result) string {
		return strings.Join([]string{placeOf(res), res.Reason, res.Next}, "\x00")
	}) {
		for _, what := range asked(group) {
			p.line(2, fmt.Sprintf("%s of %s", what, placeOf(group[0])), plain)
		}
		p.line(4, group[0].Reason, dim)
		p.line(4, "next: "+group[0].Next, dim)
	}
}

// skipped counts what was not asked, by reason.
func (p *page) skipped(results []probe.Result) {
	if len(results) == 0 {
		return
	}
	p.blank()
	p.line(0, "SKIPPED", dim)
	groups := byReason(results)
	digits := len(strconv.Itoa(len(groups[0])))
	for _, group := range groups {
		n := strconv.Itoa(len(group))
		p.row(2+digits-len(n), []int{len(n)}, cell{n, dim}, cell{group[0].Reason, dim})
	}
}

// byReason groups results, the largest group first.
func byReason(results []probe.Result) [][]probe.Result {
	groups := collect(results, func(res probe.Result) string { return res.Reason })
	slices.SortStableFunc(groups, func(a, b []probe.Result) int { return len(b) - len(a) })
	return groups
}
