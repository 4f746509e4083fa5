package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// policyDocument is a policy as JSON. Names are IAM's.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Effect    Effect
	Principal any                         `json:",omitempty"`
	Action    texts                       `json:",omitempty"`
	Resource  texts                       `json:",omitempty"`
	Condition map[string]map[string]texts `json:",omitempty"`
}

// texts are one text or several.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// document renders a resource policy of an API, whose short names of resources
// are stored in full.
func (policy Policy) document(a *API) string {
	return policy.render(func(resource string) string { return (&exchange{api: a}).expandARN(resource) }, partition(a.Region))
}

func (policy Policy) render(expand func(string) string, partition string) string {
	d := policyDocument{Version: "2012-10-17", Statement: []policyStatement{}}
	for _, s := range policy {
		out := policyStatement{Effect: s.Effect, Action: s.Action, Principal: principals(s.Principal, partition)}
		if len(s.Action) == 0 {
			out.Action = texts{invoke}
		}
		for _, r := range s.Resource {
			out.Resource = append(out.Resource, expand(r))
		}
		if len(s.Resource) == 0 {
			out.Resource = texts{"*"}
		}
		for _, c := range s.Condition {
			if out.Condition == nil {
				out.Condition = map[string]map[string]texts{}
			}
			if out.Condition[c.Operator] == nil {
				out.Condition[c.Operator] = map[string]texts{}
			}
			out.Condition[c.Operator][c.Key] = c.Values
		}
		d.Statement = append(d.Statement, out)
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic("sandbox: writing a policy: " + err.Error())
	}
	return string(text)
}

// principals are rendered as they are stored: an account is its root user.
func principals(names []string, partition string) any {
	switch {
	case len(names) == 0:
		return nil
	case slices.Contains(names, "*"):
		return "*"
	}
	var out []string
	for _, name := range names {
		if accountID.MatchString(name) {
			name = "arn:" + partition + ":iam::" + name + ":root"
		}
		out = append(out, name)
	}
	return map[string][]string{"AWS": out}
}

// parsePolicy reads what a caller sends along: a session policy, or one for a
// simulation.
func parsePolicy(text string) (Policy, error) {
	var d struct{ Statement json.RawMessage }
	malformed := &failure{400, "MalformedPolicyDocument", "Syntax errors in policy."}
	if json.Unmarshal([]byte(text), &d) != nil {
		return nil, malformed
	}
	var all []policyStatement
	if strings.HasPrefix(strings.TrimSpace(string(d.Statement)), "{") {
		all = make([]policyStatement, 1)
		if json.Unmarshal(d.Statement, &all[0]) != nil {
			return nil, malformed
		}
	} else if json.Unmarshal(d.Statement, &all) != nil {
		return nil, malformed
	}
	out := Policy{}
	for _, s := range all {
		read := Statement{Effect: s.Effect, Principal: principalNames(s.Principal), Action: s.Action, Resource: s.Resource}
		if s.Effect != Allow && s.Effect != Deny || len(s.Action) == 0 {
			return nil, malformed
		}
		for op, keys := range s.Condition {
			for key, values := range keys {
				if _, known := operators[op]; !known || conditionKeys[key] == nil {
					return nil, &failure{400, "MalformedPolicyDocument", "the sandbox does not know the condition " + op + " on " + key}
				}
				read.Condition = append(read.Condition, Condition{op, key, values})
			}
		}
		out = append(out, read)
	}
	return out, nil
}

func principalNames(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		switch aws := v["AWS"].(type) {
		case string:
			return []string{aws}
		case []any:
			var out []string
			for _, name := range aws {
				if s, ok := name.(string); ok {
					out = append(out, s)
				}
			}
			return out
		}
	}
	return nil
}
