package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// AuthorizerFunction is the Lambda function of an authorizer, as a table.
type AuthorizerFunction struct {
	// Tokens says what it answers, by the values of the identity sources, joined
	// with commas. The word Bearer before a token is not part of it.
	Tokens map[string]Decision

	Otherwise    Decision // to everything else
	NotPermitted bool     // to be called by the gateway

	// Simple functions answer yes or no for the method that was called, as those
	// of HTTP APIs may, and no policy.
	Simple bool
}

// Decision is what an authorizer function answers.
type Decision struct {
	Policy   Policy // empty: silent about every method
	UsageKey string // usageIdentifierKey: the API key that the request counts for
	Fails    AuthorizerFailure
}

// AuthorizerFailure is a way not to answer with a policy.
type AuthorizerFailure string

// The failures. Throwing just the word Unauthorized is how a function says that
// it does not know the caller.
const (
	Unauthorized    AuthorizerFailure = "unauthorized"
	Crash           AuthorizerFailure = "crash"
	MalformedPolicy AuthorizerFailure = "malformed-policy"
)

// CalledMethod is a resource of an authorizer's policy: the method that the
// function was called for. Functions that are written so refuse, from the cache,
// every other method.
const CalledMethod = "called-method"

// AllowAll and DenyAll are the usual decisions.
var (
	AllowAll = Decision{Policy: Policy{{Effect: Allow}}}
	DenyAll  = Decision{Policy: Policy{{Effect: Deny}}}
)

// checkLambdaAuthorizer asks the function, or remembers what it said, and
// combines its policy with what the resource policy has granted: an allow of
// either is enough where the other is silent.
func checkLambdaAuthorizer(x *exchange) *refusal {
	a := x.authorizer()
	identity, complete := x.identity(a)
	if optional := a.Type == RequestAuthorizer && a.TTL == 0 && x.api.family() == REST; !complete && !optional {
		return unauthorized(x.missing(a, "lambda-authorizer-missing-identity-source"))
	}
	if a.Type == TokenAuthorizer && !a.valid(identity[0]) {
		return unauthorized("lambda-authorizer-missing-identity-source")
	}
	x.functionCalled = true
	d, no := x.decision(a, identity)
	if no != nil {
		return no
	}
	x.usageKey = d.UsageKey
	switch says := d.Policy.evaluate(x); {
	case says == Deny:
		return x.deniedByAuthorizer(true)
	case says == neither && x.granted != Allow:
		return x.deniedByAuthorizer(false)
	}
	return nil
}

func unauthorized(cause string) *refusal {
	return &refusal{cause: cause, kind: notAuthenticated, message: "Unauthorized"}
}

// deniedByAuthorizer words a policy's no. Unlike that of IAM it names neither
// the caller nor the resource.
func (x *exchange) deniedByAuthorizer(explicit bool) *refusal {
	return &refusal{
		cause:   "lambda-authorizer-deny",
		kind:    accessDenied,
		message: "User is not authorized to access this resource" + x.reason("identity-based", explicit),
	}
}

// decision takes the function's word from the cache or from the function. Failures are
// not kept.
func (x *exchange) decision(a *Authorizer, identity []string) (Decision, *refusal) {
	id := decisionID{a, x.stage, strings.Join(identity, "\x00")}
	cached := a.TTL > 0 && len(identity) > 0
	if cached {
		if d, ok := x.decisions.get(id, x.now); ok {
			return d, nil
		}
	}
	d, no := x.call(a, identity)
	if no == nil && cached {
		x.decisions.keep(id, d, x.now.Add(a.TTL))
	}
	return d, no
}

// decision looks up what the function says to an identity.
func (f *AuthorizerFunction) decision(identity []string) Decision {
	values := slices.Clone(identity)
	for i, v := range values {
		values[i] = withoutScheme(v)
	}
	d, ok := f.Tokens[strings.Join(values, ",")]
	if !ok {
		d = f.Otherwise
	}
	return d
}

func (x *exchange) call(a *Authorizer, identity []string) (Decision, *refusal) {
	broken := func(cause string) (Decision, *refusal) {
		no := &refusal{cause: cause, kind: authorizerMisconfigured}
		if cause == "lambda-authorizer-failure" && x.model.Switches.CrashIsAuthorizerFailure {
			no.kind = authorizerFailed
		}
		return Decision{}, no
	}
	f := &a.Function
	if f.NotPermitted {
		return broken("lambda-authorizer-misconfigured")
	}
	d := f.decision(identity)
	x.logFunction(x.api, a, d)
	switch d.Fails {
	case Unauthorized:
		no := unauthorized("lambda-authorizer-unauthorized")
		if x.model.Switches.ThrownUnauthorizedIsHTTPFailure {
			no.onHTTP = http.StatusInternalServerError
		}
		return Decision{}, no
	case Crash:
		return broken("lambda-authorizer-failure")
	case MalformedPolicy:
		return broken("lambda-authorizer-misconfigured")
	}
	d.Policy = d.Policy.forMethod(x.methodARN(x.api.Account))
	if f.Simple {
		effect := Deny
		if d.Policy.evaluate(x) == Allow {
			effect = Allow
		}
		d.Policy = Policy{{Effect: effect}}
	}
	return d, nil
}

// forMethod puts the method's ARN where the policy says CalledMethod.
func (policy Policy) forMethod(arn string) Policy {
	out := slices.Clone(policy)
	for i := range out {
		out[i].Resource = slices.Clone(out[i].Resource)
		for j, r := range out[i].Resource {
			if r == CalledMethod {
				out[i].Resource[j] = arn
			}
		}
	}
	return out
}

// decisionID is what a decision is kept for: not for the method, so that a policy
// made for one method is applied to all of them.
type decisionID struct {
	authorizer *Authorizer
	stage      *Stage
	identity   string
}

// decisions is the cache of all authorizers.
type decisions struct {
	mu  sync.Mutex
	all map[decisionID]keptDecision
}

type keptDecision struct {
	Decision
	until time.Time
}

func (c *decisions) get(id decisionID, now time.Time) (Decision, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.all[id]
	return kept.Decision, ok && now.Before(kept.until)
}

func (c *decisions) keep(id decisionID, d Decision, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil || len(c.all) == maxCached {
		c.all = map[decisionID]keptDecision{}
	}
	c.all[id] = keptDecision{d, until}
}
