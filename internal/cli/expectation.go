package cli

import (
	"fmt"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// describeExpectation says in a few words what should come back.
func describeExpectation(e probe.Expectation) string {
	if len(e.Layers) == 0 {
		return fmt.Sprintf("any refusal: %s is not declared", e.Undeclared)
	}
	text := "refused by " + layerList(e.Layers)
	if slices.Contains(e.Layers, probe.None) {
		text = "accepted"
	}
	if len(e.Status) > 0 {
		text += " with " + statusList(e.Status)
	}
	return text
}

// expected is an expectation in the form of a result, whose lists are never null.
func expected(e probe.Expectation) probe.Expected {
	out := probe.Expected{Layers: append([]probe.Layer{}, e.Layers...), Status: append([]int{}, e.Status...)}
	if len(e.Layers) > 0 {
		out.Layer = e.Layers[0]
	}
	return out
}

func layerList(layers []probe.Layer) string {
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = string(l)
	}
	return strings.Join(words, " or ")
}

func statusList(statuses []int) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = fmt.Sprint(s)
	}
	return strings.Join(words, " or ")
}
