// Package manifest writes ready files for the systems that the prober works with, filled from the configuration.
//
// Each kind is one file. To add one, write its [Kind] and name it in [Kinds].
package manifest

import (
	"fmt"
	"io"
	"maps"
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
	Write        func(io.Writer, Input) error
}

// Input is what a file is filled from.
type Input struct {
	Config string       // path of the configuration, as it was given
	Plans  []probe.Plan // the environments that were asked for; at least one where the kind wants them
}

// Kinds returns all kinds, sorted by name.
func Kinds() []Kind { return []Kind{systemd} }

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
	for _, ref := range references(plan) {
		if ref != nil && ref.Env != "" && !slices.Contains(names, ref.Env) {
			names = append(names, ref.Env)
		}
	}
	slices.Sort(names)
	return names
}

// references are all that plan refers to.
func references(plan probe.Plan) []*probe.Reference {
	var all []*probe.Reference
	for _, p := range plan.Principals {
		all = append(all, p.SecretAccessKey, p.SessionToken)
	}
	for _, api := range plan.APIs {
		for _, route := range api.Routes {
			all = append(all, route.APIKey)
			all = slices.AppendSeq(all, maps.Values(route.Token.Given))
			for _, header := range route.Headers {
				all = append(all, header.Secret)
			}
		}
	}
	for _, ref := range all {
		if ref != nil && ref.OAuth2 != nil {
			all = append(all, ref.OAuth2.ClientSecret)
		}
	}
	return all
}

// identifier is name with everything replaced that units, jobs and resources may not be called.
func identifier(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}
