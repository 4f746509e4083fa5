package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"
)

var iamRights = Kind{
	Name: "iam-policy", Help: "the rights that commands need of who runs the prober, as a policy of IAM; without ENV, for any", Rights: true,
	Write: func(w io.Writer, in Input) error {
		policy := policyFor(in.Rights)
		if size(policy) > policyLimit {
			policy = policyFor(in.Wide)
			in.Say(fmt.Sprintf("a policy for these environments alone is longer than the %d characters that IAM allows: this one is for any", policyLimit))
		}
		if len(policy.Statement) == 0 {
			in.Say("no right is needed")
		}
		if slices.ContainsFunc(policy.Statement, func(s statement) bool {
			return strings.HasPrefix(s.Action, "ssm:") || strings.HasPrefix(s.Action, "secretsmanager:")
		}) {
			in.Say("a parameter or a secret under a KMS key of your own takes kms:Decrypt on that key, too")
		}
		in.Say("execute-api:Invoke is not here: it belongs to the principals that sign, whose roles probe manifest iam-roles prints")
		return writeJSON(w, policy)
	},
}

// policyLimit is how many characters a managed policy may have, white space aside.
const policyLimit = 6144

func size(p iamPolicy) int {
	text, err := json.Marshal(p)
	if err != nil {
		panic("manifest: writing a policy: " + err.Error())
	}
	return len(text)
}

// purposes are the names of statements, by what they allow.
var purposes = map[string]string{
	"apigateway:GET":                "ReadAPIs",
	"apigateway:ListRoutingRules":   "ReadRoutingRules",
	"apigateway:POST":               "TestMethodsAndAuthorizers",
	"ec2:DescribeRegions":           "ReadRegions",
	"ec2:DescribeVpcEndpoints":      "ReadVPCEndpoints",
	"iam:SimulatePrincipalPolicy":   "SimulatePrincipals",
	"lambda:GetPolicy":              "ReadFunctionPolicies",
	"lambda:InvokeFunction":         "InvokeFunctions",
	"logs:DescribeLogGroups":        "FindLogGroups",
	"logs:DescribeResourcePolicies": "ReadLogPolicies",
	"logs:FilterLogEvents":          "ReadLogs",
	"secretsmanager:GetSecretValue": "ReadSecrets",
	"sns:Publish":                   "PublishAlerts",
	"ssm:GetParameter":              "ReadParameters",
	"sts:AssumeRole":                "AssumePrincipals",
	"wafv2:GetSampledRequests":      "ReadSampledRequests",
	"wafv2:GetWebACL":               "ReadWebACLRules",
	"wafv2:GetWebACLForResource":    "ReadWebACLs",
}

// policyFor allows rights and nothing else: a statement for each action, on no more than what it is needed on.
func policyFor(rights []probe.Right) iamPolicy {
	on := make(map[string][]string)
	var actions []string
	for _, r := range rights {
		if r.Action == "" {
			continue
		}
		if _, known := on[r.Action]; !known {
			actions = append(actions, r.Action)
		}
		on[r.Action] = append(on[r.Action], r.On("*"))
	}
	slices.Sort(actions)
	policy := policyOf([]statement{}...)
	for _, action := range actions {
		policy.Statement = append(policy.Statement, statement{Sid: purposes[action], Effect: "Allow", Action: action, Resource: least(on[action])})
	}
	return policy
}

// least are patterns without those that others contain.
func least(patterns []string) []string {
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		return slices.ContainsFunc(patterns, func(q string) bool { return p != q && covers(q, p) })
	})
}

// covers reports whether all that pattern p matches is matched by q, too.
func covers(q, p string) bool {
	parts := strings.Split(q, "*")
	for i := range parts {
		parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), `\?`, "[^*]")
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(p)
}
