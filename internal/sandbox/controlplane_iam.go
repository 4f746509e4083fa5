package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func iamService() *controlService {
	return &controlService{
		name: "iam", wire: awsQuery, denied: "AccessDenied", throttled: "Throttling",
		operations: []operation{
			{name: "SimulatePrincipalPolicy", action: "iam:SimulatePrincipalPolicy", on: func(c *call) string { return c.form.Get("PolicySourceArn") }, answer: simulatePrincipalPolicy},
		},
	}
}

// simulatePrincipalPolicy evaluates the policies of a user or a role for each
// action on each resource.
func simulatePrincipalPolicy(c *call) (any, error) {
	source := c.form.Get("PolicySourceArn")
	i := slices.IndexFunc(c.model.Principals, func(p Principal) bool { return roleARN(p.ARN) == source && p.account() == c.account() })
	switch {
	case strings.Contains(source, ":assumed-role/"):
		return nil, &failure{http.StatusBadRequest, "InvalidInput", "Invalid Entity Arn: " + source + " does not clearly define entity type and name."}
	case i < 0:
		return nil, &failure{http.StatusNotFound, "NoSuchEntity", "The entity with name " + source[strings.LastIndex(source, "/")+1:] + " cannot be found."}
	}
	p := &c.model.Principals[i]
	var resource Policy
	if text := c.form.Get("ResourcePolicy"); text != "" {
		var err error
		if resource, err = parsePolicy(text); err != nil {
			return nil, err
		}
	}
	resources := c.values("ResourceArns.member")
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	results := fields{}
	for _, action := range c.values("ActionNames.member") {
		for _, on := range resources {
			results = append(results, field{"member", c.simulate(p, resource, action, on)})
		}
	}
	return fields{{"EvaluationResults", results}, {"IsTruncated", "false"}}, nil
}

func (c *call) simulate(p *Principal, resource Policy, action, on string) fields {
	context, missing := c.contextEntries(), fields{}
	q := inquiry{
		action: action, resource: func() string { return on }, expand: func(r string) string { return r },
		principal: func(name string) bool { return name == "*" || p.isMeantBy(name, partition(c.region)) },
		condition: func(key string) string {
			value, ok := context[strings.ToLower(key)]
			if !ok && key == "aws:PrincipalArn" {
				return roleARN(p.ARN)
			}
			if !ok && key == "aws:PrincipalAccount" {
				return p.account()
			}
			if !ok {
				missing = append(missing, field{"member", key})
			}
			return value
		},
	}
	identity, granted := p.Policy.answer(q), resource.answer(q)
	decision, matched := "implicitDeny", fields{}
	switch {
	case identity == Deny || granted == Deny:
		decision = "explicitDeny"
	case identity == Allow || granted == Allow:
		decision = "allowed"
	}
	if identity != neither {
		matched = append(matched, field{"member", fields{{"SourcePolicyId", "sandbox"}, {"SourcePolicyType", "IAM Policy"}}})
	}
	return fields{
		{"EvalActionName", action}, {"EvalResourceName", on}, {"EvalDecision", decision}, {"MatchedStatements", matched}, {"MissingContextValues", missing},
	}
}

// contextEntries are the condition keys that the caller of a simulation gives.
func (c *call) contextEntries() map[string]string {
	out := map[string]string{}
	for n := 1; c.form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", n)); n++ {
		prefix := fmt.Sprintf("ContextEntries.member.%d.", n)
		out[strings.ToLower(c.form.Get(prefix+"ContextKeyName"))] = c.form.Get(prefix + "ContextKeyValues.member.1")
	}
	return out
}
