package secrets

import (
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestRightsBelongToWhoeverAsks(t *testing.T) {
	const role = "arn:aws-cn:iam::123456789012:role/team/caller"
	plan := probe.Plan{Principals: map[string]probe.Principal{
		"caller":   {Name: "caller", RoleARN: role},
		"outsider": {Name: "outsider", Profile: "ops", RoleARN: role},
		"fixed":    {Name: "fixed", AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: &probe.Reference{SSM: "fixed-key", Region: "eu-west-1"}},
		"chain":    {Name: "chain"},
	}}
	caller, fixed := plan.Principals["caller"], plan.Principals["fixed"]
	needs := probe.Needs{
		Principals: []string{"caller", "outsider", "fixed", "chain"},
		References: []*probe.Reference{
			{Env: "KEY"},
			{SSM: "/probe/key"},
			{SSM: "arn:aws:ssm:us-east-1:123456789012:parameter/probe/key"},
			{SecretsManager: "probe/key", Region: "cn-north-1"},
			{SecretsManager: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key"},
			{SecretsManager: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-a1B2c3"},
			{OAuth2: &probe.OAuth2{ClientSecret: &probe.Reference{SSM: "client", As: &fixed}}},
			{SSM: "of-the-caller", As: &caller},
		},
	}
	var got Rights
	got.Resolve(plan, needs)
	var own []string
	for _, r := range got.Own {
		own = append(own, r.Action+" "+r.On("*"))
	}
	want := []string{
		"sts:AssumeRole arn:aws-cn:iam::123456789012:role/team/caller",
		"ssm:GetParameter arn:aws:ssm:*:*:parameter/probe/key",
		"ssm:GetParameter arn:aws:ssm:us-east-1:123456789012:parameter/probe/key",
		"secretsmanager:GetSecretValue arn:aws-cn:secretsmanager:cn-north-1:*:secret:probe/key-??????",
		"secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-??????",
		"secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-a1B2c3",
		"ssm:GetParameter arn:aws:ssm:eu-west-1:*:parameter/fixed-key",
		"sts:AssumeRole arn:aws-cn:iam::123456789012:role/team/caller",
	}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("own: (-want +got)\n%s", diff)
	}
	want = []string{
		`sts:AssumeRole on arn:aws-cn:iam::123456789012:role/team/caller is not here: it belongs to profile "ops"`,
		`ssm:GetParameter on arn:aws:ssm:*:*:parameter/client is not here: it belongs to the keys of principal "fixed"`,
		`ssm:GetParameter on arn:aws:ssm:*:*:parameter/of-the-caller is not here: it belongs to the role of principal "caller"`,
	}
	if diff := cmp.Diff(want, got.Elsewhere); diff != "" {
		t.Errorf("elsewhere: (-want +got)\n%s", diff)
	}
}
