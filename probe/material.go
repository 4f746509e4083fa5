package probe

import (
	"fmt"
	"slices"
)

// Material is what the references and principals of a plan resolved to, for one run. A reference that could not be
// resolved keeps its error: the cases that need it are inconclusive, the others go on.
type Material struct {
	Credentials map[string]ResolvedCredentials // by the principal's name
	Secrets     map[*Reference]ResolvedSecret
}

// ResolvedCredentials are a principal's credentials, or why there are none.
type ResolvedCredentials struct {
	Credentials
	Err error
}

// ResolvedSecret is the value of a reference, or why there is none.
type ResolvedSecret struct {
	Secret
	Err error
}

// credentials returns a principal's.
func (m Material) credentials(principal string) (Credentials, error) {
	r, ok := m.Credentials[principal]
	if !ok {
		return Credentials{}, fmt.Errorf("resolving principal %q: not resolved", principal)
	}
	return r.Credentials, r.Err
}

// secret returns the value of ref. A reference that holds its value needs no resolving.
func (m Material) secret(ref *Reference) (Secret, error) {
	if r, ok := m.Secrets[ref]; ok {
		return r.Secret, r.Err
	}
	if ref != nil && !ref.Value.Empty() {
		return ref.Value, nil
	}
	return Secret{}, fmt.Errorf("resolving %s: not resolved", ref)
}

// Needs are the references and principals that some cases use; nothing else has to be resolved.
type Needs struct {
	References []*Reference
	Principals []string
}

// NeedsOf lists what crafting these cases takes.
func NeedsOf(cases []Case) Needs {
	var n Needs
	reference := func(r *Reference) {
		if r != nil && !slices.Contains(n.References, r) {
			n.References = append(n.References, r)
		}
	}
	for _, c := range cases {
		if c.Principal != "" && !slices.Contains(n.Principals, c.Principal) {
			n.Principals = append(n.Principals, c.Principal)
		}
		if c.Scenario.Misroutes || c.Scenario.Anonymous {
			continue
		}
		if c.NeedsKey() {
			reference(c.Route.APIKey)
		}
		reference(c.Token)
		for _, h := range c.Route.Headers {
			reference(h.Secret)
		}
	}
	return n
}

// Redact takes out of a text every secret that a run of the plan with this material can put on the wire, and whatever
// stands where secrets stand: for texts that come back by other ways than the answers.
func (m Material) Redact(plan *Plan, text string) string {
	return scrub(newRedactor(m.values(plan)).text(text))
}
