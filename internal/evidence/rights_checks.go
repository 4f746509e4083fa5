package evidence

import "apigwprobe/probe"

// The calls that checks make beside those of a look.
var (
	getCallerIdentity    = probe.Right{Call: "sts GetCallerIdentity", Shows: "the account"}
	describeVPCEndpoints = probe.Right{
		Call: "ec2 DescribeVpcEndpoints", Action: "ec2:DescribeVpcEndpoints", Resource: "*", Shows: "the VPC endpoints for execute-api",
	}
)

// NetworkRights are the calls that [Account.Network] makes.
func NetworkRights() []probe.Right {
	return []probe.Right{describeVPCEndpoints, getCallerIdentity, getRestAPI, getDomainName, getEdgeDomain}
}
