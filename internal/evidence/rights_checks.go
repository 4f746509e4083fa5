package evidence

import (
	"slices"

	"apigwprobe/probe"
)

// The calls that checks make beside those of a look.
var (
	getCallerIdentity    = probe.Right{Call: "sts GetCallerIdentity", Shows: "the account"}
	describeVPCEndpoints = probe.Right{
		Call: "ec2 DescribeVpcEndpoints", Action: "ec2:DescribeVpcEndpoints", Resource: "*", Shows: "the VPC endpoints for execute-api",
	}

	getFunctionPolicy = lambdaFunction("GetPolicy", "GetPolicy", "who may invoke {function}")
	invokeFunction    = lambdaFunction("Invoke", "InvokeFunction", "what {function} says to the request")
	functionLog       = probe.Right{
		Call: "logs FilterLogEvents", Action: "logs:FilterLogEvents",
		Resource: "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*", Shows: "the log of {function}",
	}

	testInvokeMethod = probe.Right{
		Call: "apigateway TestInvokeMethod", Action: "apigateway:POST",
		Resource: "arn:{partition}:apigateway:{region}::/restapis/{api}/resources/{resource}/methods/{verb}", Shows: "what the method answers by itself",
	}
	testInvokeAuthorizer = probe.Right{
		Call: "apigateway TestInvokeAuthorizer", Action: "apigateway:POST",
		Resource: "arn:{partition}:apigateway:{region}::/restapis/{api}/authorizers/{authorizer}", Shows: "what the authorizer says to the request",
	}
)

func lambdaFunction(operation, action, shows string) probe.Right {
	return probe.Right{
		Call: "lambda " + operation, Action: "lambda:" + action, Resource: "arn:{partition}:lambda:{region}:{account}:function:{function}", Shows: shows,
	}
}

// handlerRights are the calls that find what takes the requests of a route.
var handlerRights = []probe.Right{
	getCallerIdentity, getResources, getStage, getAuthorizer, getRoutes, getV2Stage, getV2Authorizer, getIntegrations,
}

// FunctionRights are the calls that [Account.Functions] makes.
func FunctionRights() []probe.Right {
	return slices.Concat(handlerRights, []probe.Right{getFunctionPolicy, functionLog})
}

// TestInvokeRights are the calls that [Account.TestInvoke] makes.
func TestInvokeRights() []probe.Right {
	return slices.Concat(handlerRights, []probe.Right{getRestAPI, testInvokeMethod, testInvokeAuthorizer, invokeFunction})
}

// NetworkRights are the calls that [Account.Network] makes.
func NetworkRights() []probe.Right {
	return []probe.Right{describeVPCEndpoints, getCallerIdentity, getRestAPI, getDomainName, getEdgeDomain}
}
