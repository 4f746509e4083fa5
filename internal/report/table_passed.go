package report

import (
	"cmp"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

// outcome is what a passed case expected and got, in the columns of a table.
type outcome struct{ expected, status, rejecter, cause, confidence string }

func outcomeOf(res probe.Result) outcome {
	out := outcome{expected: layerWords(res.Expected.Layers)}
	if o := res.Observed; o != nil && o.Status != 0 {
		out.status = strconv.Itoa(o.Status)
	} else if o != nil && o.Error != nil {
		out.status = string(o.Error.Phase)
	}
	if a := res.Attribution; a != nil {
		out.rejecter, out.cause, out.confidence = cmp.Or(string(a.Layer), "unknown"), string(a.Cause), string(a.Confidence)
	}
	return out
}

// holding is a scenario that passed with the same outcome at some places of an API.
type holding struct {
	scenario string
	outcome
}

func holdingOf(res probe.Result) holding { return holding{res.Scenario, outcomeOf(res)} }

// passed writes for each API what holds. Places at which the same holds share a table.
func (p *page) passed(results []probe.Result, several map[string]bool) {
	table := p.layoutOf(results)
	for _, api := range collect(results, func(res probe.Result) string { return res.API }) {
		heading, many := api[0].API, several[api[0].API]
		if !many {
			heading += " through " + accessWords(api[0].AccessID)
		}
		p.blank()
		p.line(0, heading, bold)
		table.header()
		for _, s := range sectionsOf(api, many) {
			p.line(2, s.places, plain)
			table.rows(s.holdings)
		}
	}
}

type section struct {
	places   string
	holdings []holding
}

// sectionsOf puts together the scenarios that hold at the same places with the same outcome.
func sectionsOf(api []probe.Result, several bool) []section {
	var out []section
	index := make(map[string]int)
	for _, group := range collect(api, holdingOf) {
		places := strings.Join(distinct(group, controlOf), "\x00")
		i, ok := index[places]
		if !ok {
			i = len(out)
			index[places] = i
			out = append(out, section{places: placesOf(group, several)})
		}
		out[i].holdings = append(out[i].holdings, holdingOf(group[0]))
	}
	return out
}

// placesOf names routes, and the ways in where the API has several; ways in with the same routes stand together.
func placesOf(results []probe.Result, several bool) string {
	if !several {
		return list(distinct(results, routeWords))
	}
	routesOf := func(ways []probe.Result) []string { return distinct(ways, routeWords) }
	var words []string
	for _, same := range collect(collect(results, func(res probe.Result) string { return res.AccessID }), func(way []probe.Result) string {
		return strings.Join(routesOf(way), "\x00")
	}) {
		var accesses []string
		for _, way := range same {
			accesses = append(accesses, accessWords(way[0].AccessID))
		}
		words = append(words, list(routesOf(same[0]))+" through "+list(accesses))
	}
	return strings.Join(words, "; ")
}
