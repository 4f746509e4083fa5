package manifest

import (
	"fmt"
	"io"
)

var iamRolesCloudFormation = Kind{
	Name: "iam-roles-cloudformation", Help: "the same roles as a template of CloudFormation", Environments: true,
	Write: func(w io.Writer, in Input) error {
		all, err := rolesOf(in.Plans)
		if err != nil {
			return err
		}
		return writeJSON(w, stackOf(all))
	},
}

// stack is a template of CloudFormation.
type stack struct {
	AWSTemplateFormatVersion, Description string
	Parameters                            map[string]parameter
	Resources                             map[string]resource
	Outputs                               map[string]stackOutput
}

type parameter struct {
	Type, Description string
	NoEcho            bool `json:",omitempty"`
}

type resource struct {
	Type       string
	Properties any
}

type stackOutput struct {
	Description string
	Value       any
}

func stackOf(roles []role) stack {
	s := stack{
		AWSTemplateFormatVersion: "2010-09-09",
		Description:              "The principals of the prober of APIs on Amazon API Gateway",
		Parameters:               map[string]parameter{"ProberArn": {Type: "String", Description: "ARN of the role or user that runs the prober and assumes these roles"}},
		Resources:                make(map[string]resource), Outputs: make(map[string]stackOutput),
	}
	for _, r := range roles {
		name := logical(r.name)
		if r.external {
			s.Parameters[name+"ExternalId"] = parameter{
				Type: "String", Description: fmt.Sprintf("external_id of the principal %s in the configuration", r.principal), NoEcho: true,
			}
		}
		s.Resources[name] = resource{"AWS::IAM::Role", r.iam(ref("ProberArn"), ref(name+"ExternalId"))}
		s.Outputs[name+"Arn"] = stackOutput{
			fmt.Sprintf("role_arn of the principal %s", r.principal), map[string][]string{"Fn::GetAtt": {name, "Arn"}},
		}
	}
	return s
}

func ref(name string) map[string]string { return map[string]string{"Ref": name} }
