package doctor

import (
	"slices"

	"apigwprobe/probe"
)

// detour is how to read why mutual TLS refuses on an HTTP API, which has no execution log: by hand, through a REST API
// for a while. It is printed and never done.
func (in Input) detour(d Diagnosis) []Step {
	first := d.Findings
	if in.API.Type != probe.HTTP || len(first) == 0 {
		return []Step{}
	}
	tls := first[0].Layer == probe.TLS || slices.ContainsFunc(first[0].Candidates, func(c probe.Candidate) bool { return c.Layer == probe.TLS })
	i := slices.IndexFunc(in.API.Domains, func(domain probe.CustomDomain) bool { return domain.ClientCertificate != nil })
	if !tls || i < 0 {
		return []Step{}
	}
	n := in.namesFor(probe.Result{Host: in.API.Domains[i].Host, Access: probe.AccessCustomDomain})
	return parseFix(execute(templates().Lookup("detour"), n)).Steps
}
