// Package scenarios is the catalogue of what is asked: one file for each family of scenarios.
//
// To add a scenario, add a value to the family it belongs to, with all its fields: README.md beside this file says how.
package scenarios

import "apigwprobe/probe"

// All returns the catalogue, the controls first.
func All() []probe.Scenario {
	var all []probe.Scenario
	for _, family := range [][]probe.Scenario{controls, signatures, presigned, tokens, policies, keys, addresses, resources, certificates, firewall, browsers} {
		all = append(all, family...)
	}
	return all
}

// Names returns the names of all scenarios.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// onlyIAM is for scenarios that change a signature.
func onlyIAM(t probe.Target) string {
	if t.Route.Authorization != probe.AuthIAM {
		return "the route does not ask for a signature"
	}
	return ""
}

// onlyTokens is for scenarios that change a token.
func onlyTokens(t probe.Target) string {
	if !t.Route.Authorization.TakesToken() {
		return "the route does not ask for a token"
	}
	return ""
}

// refused is the expectation of the same refusal on every target.
func refused(status int, layers ...probe.Layer) func(probe.Target) probe.Expectation {
	return func(probe.Target) probe.Expectation { return probe.Refused(status, layers...) }
}
