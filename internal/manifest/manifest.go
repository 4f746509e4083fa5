// Package manifest writes ready files for the systems that the prober works with, filled from the configuration.
//
// Each kind is one file. To add one, write its [Kind] and name it in [Kinds].
package manifest

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// Kind is a file, or a few that belong together.
type Kind struct {
	Name string
	Help string // what it is for, in a few words
	// Environments says that the file is filled from environments of a configuration; without it, from nothing.
	Environments bool
	// Rights says that the file is made of rights, those of commands, and needs no configuration.
	Rights bool
	Write  func(io.Writer, Input) error
}

// Input is what a file is filled from.
type Input struct {
	Config string // path of the configuration, as it was given
	Path   string // the same, absolute
	// Texts are the files of the configuration by their names; an error if a secret stands in one.
	Texts func() (map[string]string, error)
	Plans []probe.Plan // the environments that were asked for; at least one where the kind wants them

	Rights, Wide []probe.Right // of the commands that were asked for: on what the environments have, and on anything
	Say          func(string)  // tells what does not stand in the file
}

// Kinds returns all kinds, sorted by name.
func Kinds() []Kind {
	return []Kind{
		calibration,
		githubAction,
		gitlab,
		grafana,
		iamRights,
		iamRoles,
		iamRolesCloudFormation,
		kubernetes,
		prometheusRules,
		systemd,
	}
}

// Find returns the kind called name.
func Find(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("unknown manifest %q", name)
}

// Variables are the names of the environment variables that hold secrets of plan, sorted.
func Variables(plan probe.Plan) []string {
	var names []string
	for _, ref := range plan.References() {
		if ref.Env != "" && !slices.Contains(names, ref.Env) {
			names = append(names, ref.Env)
		}
	}
	slices.Sort(names)
	return names
}

// eachPlan makes of a function that writes a file for one environment one that writes those of all, an empty line apart.
func eachPlan(write func(io.Writer, Input, probe.Plan) error) func(io.Writer, Input) error {
	return func(w io.Writer, in Input) error {
		for i, plan := range in.Plans {
			if i > 0 {
				_, _ = io.WriteString(w, "\n") // what comes next tells of errors
			}
			if err := write(w, in, plan); err != nil {
				return fmt.Errorf("environment %q: %w", plan.Environment, err)
			}
		}
		return nil
	}
}

// unit names what is made for an environment: a unit, a job, a resource.
func unit(plan probe.Plan) string { return "probe-" + identifier(plan.Environment) }

// identifier is name with everything replaced that units, jobs and resources may not be called.
func identifier(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}
