package sandbox

import "strings"

// checkEndpointPolicy asks the policy of the VPC endpoint that the request came
// through. It knows the caller by the request's own signature, whatever the
// method's authorization is, and refuses a bad one. The method's authorization
// starts anew after it.
func checkEndpointPolicy(x *exchange) *refusal {
	if x.endpoint == nil || x.endpoint.Policy == nil {
		return nil
	}
	if x.method == "" { // not routed yet
		x.method = x.r.Method
	}
	defer func() { x.caller = nil }()
	if x.signedForEndpoint() {
		if no := checkSignature(x); no != nil {
			no.cause = "vpce-policy-authorization"
			return no
		}
	}
	switch x.endpoint.Policy.evaluate(x) {
	case Deny:
		return x.denied("endpoint-policy-deny", "VPC endpoint", true)
	case neither:
		return x.denied("endpoint-policy-deny", "VPC endpoint", false)
	}
	return nil
}

// signedForEndpoint tells whether the endpoint reads a signature in the request.
// What is plainly none, like a bearer token, makes the caller anonymous by the
// documentation; in the field it was seen to be parsed, unless the method has an
// authorizer that it is for.
func (x *exchange) signedForEndpoint() bool {
	header := x.r.Header.Get("Authorization")
	switch {
	case header == "":
		return x.presigned()
	case strings.HasPrefix(header, "AWS4-"):
		return true
	case !x.model.Switches.EndpointPolicyParsesTokens:
		return false
	}
	route := match(x.api.deployed(x.api.stage(x.stageName)).Routes, x.method, x.resource)
	return route == nil || route.Authorization != Custom && route.Authorization != CognitoUserPools
}
