package sandbox

// checkResourcePolicy evaluates the API's own policy. An explicit deny ends the
// request at once. For the rest, a method without authorization rests on this
// policy alone, and with AWS_IAM or a Lambda authorizer it is combined with
// theirs, in a later layer.
func checkResourcePolicy(x *exchange) *refusal {
	no := x.askResourcePolicy()
	if no != nil && x.draft != nil {
		edited := *x
		edited.api = x.draft
		if edited.askResourcePolicy() == nil {
			no.cause = "not-deployed"
		}
	}
	return no
}

func (x *exchange) askResourcePolicy() *refusal {
	if len(x.api.ResourcePolicy) == 0 && x.api.Endpoint != Private {
		return nil
	}
	x.granted = x.api.ResourcePolicy.evaluate(x)
	switch {
	case x.granted == Deny:
		return x.denied("resource-policy-explicit-deny", "resource-based", true)
	case x.granted == neither && x.mustBeGranted():
		no := x.denied("resource-policy-implicit-deny", "resource-based", false)
		if x.route.Authorization == CognitoUserPools && x.model.Switches.CognitoDenialNamesNobody {
			no.message = "User is not authorized to access this resource"
		}
		return no
	}
	return nil
}

// mustBeGranted tells whether a silent resource policy refuses. With Cognito the
// documentation says both, on one page.
func (x *exchange) mustBeGranted() bool {
	if len(x.api.ResourcePolicy) == 0 { // of a private API, which without one is open to nobody
		return true
	}
	switch x.route.Authorization {
	case None:
		return true
	case CognitoUserPools:
		return !x.model.Switches.CognitoIsEnough
	}
	return false
}

// denied words the refusal by a policy of this type.
func (x *exchange) denied(cause, policy string, explicit bool) *refusal {
	user := "anonymous"
	if x.caller != nil {
		user = x.caller.ARN
	}
	return &refusal{cause: cause, kind: accessDenied, message: "User: " + user + " is not authorized to perform: " + invoke +
		" on resource: " + x.methodARN(masked(x.api.Account)) + x.reason(policy, explicit)}
}

// reason ends the text of a policy's no. In the older wording it hides the type
// of policy.
func (x *exchange) reason(policy string, explicit bool) string {
	old := x.model.Switches.OldPolicyWording
	switch {
	case explicit && old:
		return " with an explicit deny"
	case explicit:
		article := "a"
		if policy == "identity-based" {
			article = "an"
		}
		return " with an explicit deny in " + article + " " + policy + " policy"
	case old:
		return ""
	}
	return " because no " + policy + " policy allows the " + invoke + " action"
}

// masked hides an account id but for its end.
func masked(account string) string {
	return "********" + account[max(0, len(account)-4):]
}
