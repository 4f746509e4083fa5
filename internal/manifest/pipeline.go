package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"apigwprobe/probe"
)

// job is what a step of a pipeline is filled with.
type job struct {
	Unit, Environment, Config string
	Variables                 []string // that hold secrets
	Region                    string   // of the AWS SDK; empty: nobody signs
	Roles, Profiles           []string // that the configuration names
	Minutes                   int      // in which the job ends itself
}

// build is how long a pipeline takes to get and build the prober, at worst.
const build = 10 * time.Minute

// converge is how long a run after a deployment waits for the gateway to settle.
const converge = 90 * time.Second

func jobOf(in Input, plan probe.Plan) job {
	j := job{
		Unit: unit(plan), Environment: plan.Environment, Config: filepath.ToSlash(in.Config), Variables: Variables(plan),
		Minutes: int((plan.RunTimeout + converge + build + time.Minute - 1) / time.Minute),
	}
	for _, name := range slices.Sorted(maps.Keys(plan.Principals)) {
		p := plan.Principals[name]
		if p.AccessKeyID != "" && p.RoleARN == "" {
			continue // its keys are all that it needs
		}
		j.Region = cmp.Or(j.Region, p.Region, firstRegion(plan))
		if p.RoleARN != "" && !slices.Contains(j.Roles, p.RoleARN) {
			j.Roles = append(j.Roles, p.RoleARN)
		}
		if p.Profile != "" && !slices.Contains(j.Profiles, p.Profile) {
			j.Profiles = append(j.Profiles, p.Profile)
		}
	}
	return j
}

func firstRegion(plan probe.Plan) string {
	for _, api := range plan.APIs {
		if api.Region != "" {
			return api.Region
		}
	}
	return ""
}

// jobs makes the Write of a kind whose template is filled with a [job].
func jobs(text string) func(io.Writer, Input) error {
	t := template.Must(template.New("job").Delims("<<", ">>").Funcs(template.FuncMap{
		"yaml": scalar, "list": func(words []string) string { return strings.Join(words, ", ") },
	}).Parse(text))
	return eachPlan(func(w io.Writer, in Input, plan probe.Plan) error { return t.Execute(w, jobOf(in, plan)) })
}

var (
	plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)
	yamlWords   = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)
)

// scalar is text as a scalar of YAML, quoted where it must be.
func scalar(text string) string {
	if plainScalar.MatchString(text) && !yamlWords.MatchString(text) {
		return text
	}
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can always be encoded
	return strings.TrimSpace(quoted.String())
}
