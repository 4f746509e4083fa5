package logging

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"apigwprobe/probe"
)

// Entry is a request as the logs show it, and who answered it.
type Entry struct {
	Time              time.Time         `json:"time"`
	Status            int               `json:"status"` // 0: not logged
	Method            string            `json:"method"`
	Path              string            `json:"path"`
	Route             string            `json:"route"` // or resource that took it
	Layer             probe.Layer       `json:"layer"`
	Cause             probe.Cause       `json:"cause"`
	Confidence        probe.Confidence  `json:"confidence"`
	Candidates        []probe.Candidate `json:"candidates"`
	Because           []string          `json:"because"`
	Evidence          []string          `json:"evidence"`
	RequestID         string            `json:"request_id"`
	ExtendedRequestID string            `json:"extended_request_id"`
}

func entryOf(t probe.Transcript, x probe.Explanation) Entry {
	a := x.Attribution
	e := Entry{
		Time: t.At, Route: t.Route, Status: x.Observed.Status, Layer: a.Layer, Cause: a.Cause, Confidence: a.Confidence,
		Candidates: append([]probe.Candidate{}, a.Candidates...), Because: append([]string{}, a.Because...), Evidence: append([]string{}, a.Evidence...),
		RequestID: x.Observed.RequestID, ExtendedRequestID: x.Observed.ExtendedRequestID,
	}
	if x.Request != nil {
		e.Method = x.Request.Method
		if u, err := url.Parse(x.Request.URL); err == nil {
			e.Path = u.Path
		}
	}
	return e
}

// String is the entry on one line. What a client chose cannot steer a terminal.
func (e Entry) String() string {
	status := "-"
	if e.Status != 0 {
		status = fmt.Sprint(e.Status)
	}
	line := fmt.Sprintf("%s  %3s  %-7s %-24s  %-52s  %-9s  %s", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), status,
		cmp.Or(e.Method, "-"), cmp.Or(e.Path, e.Route, "-"), e.conclusion(), e.Confidence, e.RequestID)
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, strings.TrimRight(line, " "))
}

// fewLayers is how many are named where more than these may be.
const fewLayers = 3

// conclusion is the layer and its cause, or the layers that may be, the likelier first.
func (e Entry) conclusion() string {
	switch {
	case e.Layer == probe.None:
		return "accepted"
	case e.Layer == "":
		return "-"
	case e.Confidence == probe.Ambiguous:
		var layers []string
		for _, c := range e.Candidates {
			if !slices.Contains(layers, string(c.Layer)) {
				layers = append(layers, string(c.Layer))
			}
		}
		if more := len(layers) - fewLayers; more > 1 {
			layers = append(layers[:fewLayers], fmt.Sprintf("%d others", more))
		}
		return strings.Join(layers, " or ")
	case e.Cause != "":
		return fmt.Sprintf("%s (%s)", e.Layer, e.Cause)
	}
	return string(e.Layer)
}
