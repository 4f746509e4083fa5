package manifest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/template"
	"unicode"

	"apigwprobe/probe"
)

// calibratedAPI is an API of the calibration template that refuses for reasons that are known beforehand.
type calibratedAPI struct {
	Name       string
	Why        string // what is special about it
	Properties string // of the RestApi, in YAML
	Stage      string // properties of the stage, in YAML
	Condition  string // of the template; empty: always made
	Declares   map[string]any
	Routes     []calibratedRoute
}

// calibratedRoute is a GET method.
type calibratedRoute struct {
	Path          string // "/" or one segment
	Authorization string
	Authorizer    string // logical name of it
	Properties    string // of the method, in YAML
	Function      string // logical name of the function behind it; empty: a mock that answers 200
	Declares      map[string]any
	Causes        map[string]probe.Cause // by the scenario that they refuse
}

// ID is the logical name of the API.
func (a calibratedAPI) ID() string { return logical(a.Name) }

// Methods are the logical names of what the deployment has to wait for.
func (a calibratedAPI) Methods() string {
	var names []string
	for _, r := range a.Routes {
		names = append(names, a.ID()+r.ID()+"Method")
	}
	return strings.Join(names, ", ")
}

// ID is the logical name of the route within its API.
func (r calibratedRoute) ID() string { return logical(strings.Trim(r.Path, "/")) }

// Segment is the last part of the path; empty for the root.
func (r calibratedRoute) Segment() string { return strings.Trim(r.Path, "/") }

// logical is a name as CloudFormation wants it: letters and digits alone.
func logical(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// Declaration is the API's entry of probe.yaml, in which ${…} are references of CloudFormation.
func (a calibratedAPI) Declaration() (string, error) {
	entry := map[string]any{"name": a.Name, "id": "${" + a.ID() + "Api}"}
	if a.Declares["type"] == nil {
		entry["waf"], entry["catch_all"], entry["default_endpoint"] = false, "none", "enabled"
	}
	for key, value := range a.Declares {
		entry[key] = value
	}
	var routes []map[string]any
	for _, r := range a.Routes {
		request := "GET " + r.Path
		if r.Path == probe.ConnectRoute {
			request = r.Path
		}
		route := map[string]any{"request": request, "authorization": r.Authorization}
		for key, value := range r.Declares {
			route[key] = value
		}
		routes = append(routes, route)
	}
	entry["routes"] = routes
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(entry); err != nil {
		return "", fmt.Errorf("declaring %q: %w", a.Name, err)
	}
	return strings.TrimSpace(b.String()), nil
}

//go:embed calibration.yaml.tmpl
var calibrationText string

var calibrationTemplate = template.Must(template.New("calibration").Funcs(template.FuncMap{
	"indent": func(n int, text string) string {
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+strings.Repeat(" ", n))
	},
	"number": func(i int) string { return fmt.Sprintf("%02d", i+1) },
	"quote":  func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" },
}).Parse(calibrationText))

var calibration = Kind{
	Name:  "calibration",
	Help:  "a CloudFormation template with a small API for each cause, to record what the real service answers",
	Write: writeCalibration,
}

func writeCalibration(w io.Writer, _ Input) error {
	var rest, others []calibratedAPI
	for _, a := range calibrated {
		if a.Declares["type"] == nil {
			rest = append(rest, a)
		} else {
			others = append(others, a)
		}
	}
	return calibrationTemplate.Execute(w, map[string]any{"REST": rest, "All": append(rest, others...)})
}

// CalibratedCause is what must have refused the request of a result, if its API is one of the calibration template's.
func CalibratedCause(res probe.Result) (probe.Layer, probe.Cause) {
	for _, a := range calibrated {
		for _, r := range a.Routes {
			if name := "GET " + r.Path; a.Name != res.API || res.Route != name && res.Route != r.Path {
				continue
			}
			cause := r.Causes[res.Scenario]
			return layerOf(cause), cause
		}
	}
	return "", ""
}

// layerOf is the layer of a cause; those of the template belong to one each.
func layerOf(cause probe.Cause) probe.Layer {
	for _, info := range probe.Causes() {
		if info.Cause == cause {
			return info.Layer
		}
	}
	return ""
}
