package logging

import (
	"cmp"
	"slices"
	"strings"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"
)

const levelINFO, levelOFF = "INFO", "OFF"

// executionLog is about the log that tells, line by line, what API Gateway does with a request.
func (p *planner) executionLog() {
	levels := p.has.Stage.Execution
	on := slices.ContainsFunc(levels, evidence.ExecutionLevel.On)
	var traced []string
	for _, e := range levels {
		if e.DataTrace {
			traced = append(traced, methodName(e))
		}
	}
	if on {
		p.fact("execution log", Fine, "%s", levelsInWords(levels))
		p.group("execution log group", evidence.ExecutionGroup(p.api), true)
	} else {
		p.fact("execution log", Optional, "off; it would show why an authorizer or an API key was refused")
	}
	if len(traced) > 0 {
		p.fact("data trace", Wrong, "on for %s: requests and answers are logged whole, with their tokens and keys", strings.Join(traced, ", "))
		do, undo := p.levels(func(e *evidence.ExecutionLevel) { e.DataTrace = false })
		p.step("stop logging requests and answers whole", do, undo)
		return
	}
	p.fact("data trace", Fine, "off")
	if !on {
		made, unmade := p.groupCommands(evidence.ExecutionGroup(p.api))
		do, undo := p.levels(func(e *evidence.ExecutionLevel) {
			if e.Others() {
				e.Level = levelINFO
			}
		})
		p.step("write the execution log; it costs more than the access log: some twenty lines for each request", append(made, do...), append(undo, unmade...))
		p.Steps[len(p.Steps)-1].Optional = true
	}
}

// levelsInWords are the usual level and those that differ.
func levelsInWords(levels []evidence.ExecutionLevel) string {
	usual := levelOFF
	if levels[0].Others() {
		usual = cmp.Or(levels[0].Level, levelOFF)
	}
	text := usual
	for _, e := range levels {
		if level := cmp.Or(e.Level, levelOFF); level != usual {
			text += ", " + level + " for " + methodName(e)
		}
	}
	return text
}

func methodName(e evidence.ExecutionLevel) string {
	if e.Others() {
		return "all methods"
	}
	return strings.ReplaceAll(e.Method, "~1", "/")
}

// levels are the commands that change what the stage sets for its methods or routes, and back. That of all others need
// not be among them.
func (p *planner) levels(change func(*evidence.ExecutionLevel)) (do, undo []string) {
	old := p.has.Stage.Execution
	planned := slices.Clone(old)
	if len(old) == 0 || !old[0].Others() {
		all := "*/*"
		if p.api.Type == probe.WebSocket {
			all = "*"
		}
		planned = slices.Insert(planned, 0, evidence.ExecutionLevel{Method: all})
	}
	for i := range planned {
		change(&planned[i])
	}
	if p.api.Type == probe.REST {
		return p.patchLevels(old, planned)
	}
	return p.putLevels(planned), p.putLevels(old)
}

// patchLevels are the commands that make the planned levels of the old ones, and back.
func (p *planner) patchLevels(old, planned []evidence.ExecutionLevel) (do, undo []string) {
	update := func(ops []patch) []string {
		return []string{command("aws", "apigateway", "update-stage", "--region", p.api.Region, "--rest-api-id", p.api.ID, "--stage-name", p.api.Stage,
			"--patch-operations", compact(ops))}
	}
	var there, back []patch
	for _, e := range planned {
		was := slices.IndexFunc(old, func(o evidence.ExecutionLevel) bool { return o.Method == e.Method })
		if was < 0 {
			if e.Level != "" {
				there = append(there, levelPatches(e)...)
				back = append(back, patch{"remove", "/" + e.Method, nil})
			}
			continue
		}
		if o := old[was]; o.Level != e.Level || o.DataTrace != e.DataTrace {
			there, back = append(there, levelPatches(e)...), append(back, levelPatches(o)...)
		}
	}
	return update(there), update(back)
}

func levelPatches(e evidence.ExecutionLevel) []patch {
	level, trace := cmp.Or(e.Level, levelOFF), "false"
	if e.DataTrace {
		trace = "true"
	}
	return []patch{{"replace", "/" + e.Method + "/logging/loglevel", &level}, {"replace", "/" + e.Method + "/logging/dataTrace", &trace}}
}

// routeSettings are those of a WebSocket API's stage.
type routeSettings struct {
	DataTraceEnabled       bool
	DetailedMetricsEnabled bool
	LoggingLevel           string
	ThrottlingBurstLimit   *int32   `json:",omitempty"`
	ThrottlingRateLimit    *float64 `json:",omitempty"`
}

// putLevels says all settings of all routes, for nobody documents what becomes of those that are not said.
func (p *planner) putLevels(levels []evidence.ExecutionLevel) []string {
	usual := routeSettings{LoggingLevel: levelOFF}
	routes := make(map[string]routeSettings)
	for _, e := range levels {
		r := routeSettings{e.DataTrace, e.Metrics, cmp.Or(e.Level, levelOFF), e.Burst, e.Rate}
		if e.Others() {
			usual = r
		} else {
			routes[e.Method] = r
		}
	}
	words := []string{"aws", "apigatewayv2", "update-stage", "--region", p.api.Region, "--api-id", p.api.ID, "--stage-name", p.api.Stage, "--default-route-settings", compact(usual)}
	if len(routes) > 0 {
		words = append(words, "--route-settings", compact(routes))
	}
	return []string{command(words...)}
}
