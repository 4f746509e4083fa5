package sandbox

// checkIAMAuthorization combines the caller's policies with what the resource
// policy has granted. In one account either may allow; across accounts both must.
// A session policy limits both.
func checkIAMAuthorization(x *exchange) *refusal {
	identity := x.caller.Policy.evaluate(x)
	session := Allow
	if x.caller.Session != nil {
		session = x.caller.Session.evaluate(x)
	}
	sameAccount := x.caller.account() == x.api.Account
	switch {
	case x.granted == Deny: // only of an unmatched path; else the layer before has refused
		return x.denied("resource-policy-explicit-deny", "resource-based", true)
	case identity == Deny:
		return x.denied("iam-explicit-deny", "identity-based", true)
	case session == Deny:
		return x.denied("iam-explicit-deny", "session", true)
	case identity == neither && !(sameAccount && x.granted == Allow):
		return x.denied("iam-implicit-deny", "identity-based", false)
	case session == neither:
		return x.denied("iam-implicit-deny", "session", false)
	case !sameAccount && x.granted == neither && x.family() != REST: // which alone have resource policies
		return x.denied("iam-implicit-deny", "identity-based", false)
	case !sameAccount && x.granted == neither:
		no := x.denied("resource-policy-implicit-deny", "resource-based", false)
		no.layer = "resource-policy"
		return no
	}
	return nil
}
