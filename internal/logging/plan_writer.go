package logging

import (
	"slices"
	"strings"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"
)

// roleName is that of the role which the account gets if it has none.
const roleName = "apigateway-push-to-cloudwatch-logs"

// role is about that with which API Gateway writes the logs of REST and WebSocket APIs.
func (p *planner) role() {
	switch role := p.has.Role; {
	case role == nil:
		p.fact("role", Unseen, "with which role API Gateway writes logs in %s", p.api.Region)
	case *role != "":
		p.fact("role", Fine, "API Gateway writes logs as %s", *role)
	default:
		p.fact("role", Missing, "API Gateway has no role to write logs with in %s", p.api.Region)
		p.newRole()
	}
}

func (p *planner) newRole() {
	partition := probe.Partition(p.api.Region)
	policy := "arn:" + partition + ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
	trust := compact(policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect: "Allow", Principal: map[string]string{"Service": "apigateway.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
	}}})
	account := func(role string) string {
		return command("aws", "apigateway", "update-account", "--region", p.api.Region, "--patch-operations", compact([]patch{{"replace", "/cloudwatchRoleArn", &role}}))
	}
	p.step("give API Gateway a role to write logs with; it is that of all REST and WebSocket APIs of the account in "+p.api.Region,
		[]string{
			command("aws", "iam", "create-role", "--role-name", roleName, "--assume-role-policy-document", trust),
			command("aws", "iam", "attach-role-policy", "--role-name", roleName, "--policy-arn", policy),
			account("arn:" + partition + ":iam::" + p.account() + ":role/" + roleName),
		},
		[]string{
			account(""),
			command("aws", "iam", "detach-role-policy", "--role-name", roleName, "--policy-arn", policy),
			command("aws", "iam", "delete-role", "--role-name", roleName),
		})
}

// policyDocument is a policy, in the order in which people write it.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Effect    string
	Principal map[string]string
	Action    []string
	Resource  string                       `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

const policyVersion = "2012-10-17"

// delivery is about the policy with which log delivery writes the access logs of HTTP APIs.
func (p *planner) delivery(group string) {
	if p.has.Policies == nil || p.has.Account == "" {
		p.fact("delivery", Unseen, "whether a resource policy of CloudWatch Logs lets %s write to %s", evidence.Deliverer, group)
		return
	}
	allowed, unsure := p.has.Delivers(p.api.Region, group)
	switch {
	case len(unsure) > 0:
		p.fact("delivery", Unseen, "whether the resource policies of CloudWatch Logs let %s write to %s: not evaluated: %s", evidence.Deliverer, group, strings.Join(unsure, ", "))
	case allowed:
		p.fact("delivery", Fine, "a resource policy of CloudWatch Logs lets %s write to %s", evidence.Deliverer, group)
	default:
		p.fact("delivery", Missing, "no resource policy of CloudWatch Logs lets %s write to %s", evidence.Deliverer, group)
		p.newPolicy(group)
	}
}

func (p *planner) newPolicy(group string) {
	name := "apigateway-access-logs-" + p.api.ID
	region := []string{"--region", p.api.Region, "--policy-name", name}
	document := compact(policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect: "Allow", Principal: map[string]string{"Service": evidence.Deliverer}, Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resource:  p.arn("logs", "log-group:"+group+":log-stream:*"),
		Condition: map[string]map[string]string{"StringEquals": {"aws:SourceAccount": p.account()}},
	}}})
	undo := command(slices.Concat([]string{"aws", "logs", "delete-resource-policy"}, region)...)
	if old, ok := p.has.Policies[name]; ok {
		undo = command(slices.Concat([]string{"aws", "logs", "put-resource-policy"}, region, []string{"--policy-document", old})...)
	}
	p.step("let log delivery write to the group; CloudWatch Logs takes ten such policies in a region",
		[]string{command(slices.Concat([]string{"aws", "logs", "put-resource-policy"}, region, []string{"--policy-document", document})...)}, []string{undo})
}
