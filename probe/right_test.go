package probe_test

import (
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestRight(t *testing.T) {
	stage := probe.Right{Resource: "arn:{partition}:apigateway:{region}::/restapis/{api}/stages/{stage}", Shows: "the stage {stage} of {api} in {region}"}
	role := probe.Right{Resource: "arn:{partition}:iam::{account}:role/{role}"}
	got := []string{
		stage.On("eu-west-1", "api", "a1b2c3d4e5", "stage", "prod"),
		stage.On("cn-north-1", "api", "a1b2c3d4e5"),
		stage.Without("eu-west-1", "api", "{stage}", "stage", "prod"),
		role.On("eu-west-1", "partition", "aws-cn", "account", "123456789012", "role", "team/in"),
		probe.Right{Resource: "*"}.On("eu-west-1"),
	}
	want := []string{
		"arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod",
		"arn:aws-cn:apigateway:cn-north-1::/restapis/a1b2c3d4e5/stages/*",
		"the stage prod of {stage} in eu-west-1", // what is put in is not read again
		"arn:aws-cn:iam::123456789012:role/team/in",
		"*",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPartition(t *testing.T) {
	got := map[string]string{}
	for _, region := range []string{"eu-west-1", "us-gov-west-1", "cn-northwest-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1", ""} {
		got[region] = probe.Partition(region)
	}
	want := map[string]string{
		"eu-west-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-northwest-1": "aws-cn", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"us-isof-south-1": "aws-iso-f", "eu-isoe-west-1": "aws-iso-e", "eusc-de-east-1": "aws-eusc", "": "aws",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
