package secrets

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// The calls that this package makes, but for asking who somebody is, which takes no right.
var (
	assumeRole   = probe.Right{Call: "sts AssumeRole", Action: "sts:AssumeRole", Resource: "arn:{partition}:iam::{account}:role/{role}", Shows: "the principals with a role"}
	getParameter = probe.Right{
		Call: "ssm GetParameter", Action: "ssm:GetParameter",
		Resource: "arn:{partition}:ssm:{region}:{account}:parameter/{parameter}", Shows: "secrets of Systems Manager",
	}
	getSecretValue = probe.Right{
		Call: "secretsmanager GetSecretValue", Action: "secretsmanager:GetSecretValue",
		Resource: "arn:{partition}:secretsmanager:{region}:{account}:secret:{secret}", Shows: "secrets of Secrets Manager",
	}
)

// AnyRights are those that resolving may take, whatever the plan.
func AnyRights() []probe.Right { return []probe.Right{assumeRole, getParameter, getSecretValue} }

// Rights are those that plans take of whoever runs the prober, and beside them those of somebody else.
type Rights struct {
	Own       []probe.Right
	Elsewhere []string // in words
}

// Resolve adds what resolving needs takes.
func (r *Rights) Resolve(plan probe.Plan, needs probe.Needs) {
	for _, name := range needs.Principals {
		r.assume(plan.Principals[name])
	}
	for _, ref := range sources(plan, needs) {
		if !ref.Stored() {
			continue
		}
		var reader probe.Principal
		if ref.As != nil {
			reader = *ref.As
		}
		r.By(reader, stored(ref))
	}
}

// By adds a right of what a principal calls. The zero principal is whoever runs the prober.
func (r *Rights) By(p probe.Principal, right probe.Right) {
	if p.RoleARN == "" {
		r.start(p, right)
		return
	}
	r.assume(p)
	r.tell(right, "the role of principal %q", p.Name)
}

// assume adds the right to the role of a principal, if it has one.
func (r *Rights) assume(p probe.Principal) {
	if role, err := arn.Parse(p.RoleARN); err == nil {
		r.start(p, assumeRole.In("*", "partition", role.Partition, "account", role.AccountID, "role", strings.TrimPrefix(role.Resource, "role/")))
	}
}

// start adds a right of the credentials that a principal starts from.
func (r *Rights) start(p probe.Principal, right probe.Right) {
	switch {
	case p.AccessKeyID != "":
		r.tell(right, "the keys of principal %q", p.Name)
	case p.Profile != "":
		r.tell(right, "profile %q", p.Profile)
	default:
		r.Own = append(r.Own, right)
	}
}

func (r *Rights) tell(right probe.Right, who, name string) {
	r.Elsewhere = append(r.Elsewhere, fmt.Sprintf("%s on %s is not here: it belongs to "+who, right.Action, right.On("*"), name))
}

// stored is the right to read a secret in AWS's stores.
func stored(ref *probe.Reference) probe.Right {
	name := cmp.Or(ref.SSM, ref.SecretsManager)
	named, err := arn.Parse(name)
	if err != nil {
		named = arn.ARN{Partition: probe.Partition(ref.Region), Region: cmp.Or(ref.Region, "*"), AccountID: "*", Resource: name}
	}
	names := []string{"partition", named.Partition, "account", named.AccountID}
	if ref.SSM != "" {
		return getParameter.In(named.Region, append(names, "parameter", strings.TrimPrefix(strings.TrimPrefix(named.Resource, "parameter"), "/"))...)
	}
	secret := strings.TrimPrefix(named.Resource, "secret:")
	if err != nil || !suffix.MatchString(secret) {
		secret += "-??????" // which Secrets Manager adds to the name
	}
	return getSecretValue.In(named.Region, append(names, "secret", secret)...)
}

var suffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
