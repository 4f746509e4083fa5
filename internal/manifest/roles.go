package manifest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"
)

var iamRoles = Kind{
	Name: "iam-roles", Help: "the roles of the principals, in the words of IAM's API: callers may invoke the routes, outsiders nothing", Environments: true,
	Write: func(w io.Writer, in Input) error {
		all, err := rolesOf(in.Plans)
		if err != nil {
			return err
		}
		out := []iamRole{}
		for _, r := range all {
			out = append(out, r.iam("arn:"+r.partition+":iam::"+r.account+":root", "REPLACE-BY-external_id-OF-THE-CONFIGURATION"))
		}
		return writeJSON(w, map[string]any{"Roles": out})
	},
}

// role is what a principal of the configuration stands for in AWS.
type role struct {
	principal, path, name, description string
	partition, account                 string // of the role's ARN; the account is a mark to replace where no ARN is given
	external                           bool   // it is assumed with an external id
	routes                             []string
}

const unknownAccount = "REPLACE-BY-ACCOUNT-ID"

// rolesOf are the roles that sign for the routes of plans, by name. A route that names nobody gets a caller and an outsider
// of those names. Static keys belong to users, who are no roles.
func rolesOf(plans []probe.Plan) ([]role, error) {
	roles := make(roles)
	for _, plan := range plans {
		for _, api := range plan.APIs {
			for _, route := range api.Routes {
				if route.Authorization != probe.AuthIAM {
					continue
				}
				arn, err := routeARN(api, route)
				if err != nil {
					return nil, err
				}
				caller, outsider := cmp.Or(route.Principal, "caller"), cmp.Or(route.Outsider, "outsider")
				err = errors.Join(
					roles.add(plan.Principals[outsider], outsider, "Valid, and may do nothing: API Gateway must refuse it", probe.Partition(api.Region)),
					roles.add(plan.Principals[caller], caller, "Signs what API Gateway must accept", probe.Partition(api.Region), arn),
				)
				if err != nil {
					return nil, err
				}
			}
		}
	}
	var out []role
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		r := roles[name]
		slices.Sort(r.routes)
		out = append(out, r)
	}
	return out, nil
}

// roles are by their names, which are unique in an account only.
type roles map[string]role

// add notes that the role of p, which the configuration calls principal, may invoke routes.
func (all roles) add(p probe.Principal, principal, description, partition string, routes ...string) error {
	if p.AccessKeyID != "" && p.RoleARN == "" {
		return nil
	}
	r := roleOf(p, principal, partition)
	if known, ok := all[r.name]; ok {
		if known.account != r.account {
			return fmt.Errorf("role %q: got it in the accounts %s and %s, want one; name the environments of one account", r.name, known.account, r.account)
		}
		r.routes, r.external = known.routes, known.external
		if len(known.routes) > 0 {
			description = known.description
		}
	}
	r.external = r.external || p.ExternalID != ""
	r.description = description
	for _, arn := range routes {
		if !slices.Contains(r.routes, arn) {
			r.routes = append(r.routes, arn)
		}
	}
	all[r.name] = r
	return nil
}

func roleOf(p probe.Principal, name, partition string) role {
	r := role{principal: name, path: "/", name: "probe-" + name, partition: partition, account: unknownAccount}
	if arn := strings.SplitN(p.RoleARN, ":", 6); len(arn) == 6 {
		r.partition, r.account = arn[1], arn[4]
		last := strings.LastIndexByte(arn[5], '/') + 1
		r.path, r.name = strings.TrimPrefix(arn[5][:last], "role"), arn[5][last:]
	}
	return r
}

var pathParameter = regexp.MustCompile(`\{[^{}]+\}`)

// routeARN is what a policy names to allow a route. It has the path of the request, not the template; a value that may
// be written in several ways is any. The account is that of the API, which the configuration does not know.
func routeARN(api probe.API, route probe.Route) (string, error) {
	if api.ID == "" {
		return "", fmt.Errorf("api %q: got no id, want one: ARNs are made of it", api.Name)
	}
	what := route.Path
	if route.Path != probe.ConnectRoute {
		what = route.Method + pathParameter.ReplaceAllStringFunc(route.Path, func(template string) string {
			value := route.PathParameters[strings.TrimSuffix(template[1:len(template)-1], "+")]
			if !plainPath.MatchString(value) {
				return "*"
			}
			return value
		})
	}
	return fmt.Sprintf("arn:%s:execute-api:%s:*:%s/%s/%s", probe.Partition(api.Region), api.Region, api.ID, api.Stage, what), nil
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9._~/-]+$`)

// The documents of IAM, with its names.
type (
	iamRole struct {
		Path, RoleName           string
		Description              string
		AssumeRolePolicyDocument iamPolicy
		Policies                 []inlinePolicy `json:",omitempty"`
	}
	inlinePolicy struct {
		PolicyName     string
		PolicyDocument iamPolicy
	}
	iamPolicy struct {
		Version   string
		Statement []statement
	}
	statement struct {
		Sid       string `json:",omitempty"`
		Effect    string
		Principal map[string]any `json:",omitempty"`
		Action    string
		Resource  []string                  `json:",omitempty"`
		Condition map[string]map[string]any `json:",omitempty"`
	}
)

// iam is the role, assumed by the prober, with an external id if the configuration has one.
func (r role) iam(prober, external any) iamRole {
	trust := statement{Effect: "Allow", Principal: map[string]any{"AWS": prober}, Action: "sts:AssumeRole"}
	if r.external {
		trust.Condition = map[string]map[string]any{"StringEquals": {"sts:ExternalId": external}}
	}
	out := iamRole{Path: r.path, RoleName: r.name, Description: r.description, AssumeRolePolicyDocument: policyOf(trust)}
	if len(r.routes) > 0 {
		invoke := statement{Effect: "Allow", Action: "execute-api:Invoke", Resource: r.routes}
		out.Policies = []inlinePolicy{{"invoke", policyOf(invoke)}}
	}
	return out
}

func policyOf(statements ...statement) iamPolicy { return iamPolicy{"2012-10-17", statements} }

func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(document)
}
