package config

import (
	"regexp"

	"apigwprobe/probe"
)

// apiIDHeader names the API to a VPC endpoint where Host does not.
const apiIDHeader = "x-apigw-api-id"

var vpcEndpointPattern = regexp.MustCompile(`\Avpce-[0-9a-f]{8,17}\z`)

func vpcEndpointID(_ *checker, v *value) (any, *wrong) {
	if !vpcEndpointPattern.MatchString(v.text) {
		return nil, &wrong{want: "an id such as vpce-0123456789abcdef0"}
	}
	return v.text, nil
}

// checkVPCEndpoint finds an endpoint without a name or with two, and a choice where there is none: the name that an
// API has at an endpoint of its own says everything.
func checkVPCEndpoint(c *checker, n *node) {
	id, name, by := n.field("id"), n.field("host"), n.field("api_by")
	if (id == nil) == (name == nil) {
		c.wrong.add(n.at, `vpc_endpoint: got both or neither of "id" and "host", want one`)
	}
	if id != nil && by != nil {
		c.wrong.add(by.at, `"api_by": got it beside "id", want it beside "host" only: the name with the id names the API`)
	}
}

func (b *builder) vpcEndpoint(n *node) probe.VPCEndpoint {
	return probe.VPCEndpoint{
		ID: dataOf[string](n.field("id")), Host: dataOf[string](n.field("host")),
		ByHeader: dataOf[string](n.field("api_by")) == apiIDHeader,
	}
}
