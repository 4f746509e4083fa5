package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Signers tells who signs which case of a run, so that their rights can be asked for.
func (a *Account) Signers(cases []probe.Case, keys map[string]probe.ResolvedCredentials) {
	by := make(map[string]signer)
	for _, c := range cases {
		if key, ok := keys[c.Principal]; ok && key.Err == nil {
			by[c.ID()] = signer{c.Principal, key}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signers = by
}

// signer is a principal of the plan.
type signer struct {
	name string
	keys probe.ResolvedCredentials
}

// simulated asks IAM whether those who signed may call what they called. It knows neither session policies nor what
// an endpoint's policy says, and AWS warns that what happens may differ: so nothing of it proves.
func (l *look) simulated() map[string][]probe.Evidence {
	asked := make(map[string][]*probe.Result) // by the name of the signer
	signers := make(map[string]signer)
	for i := range l.sent {
		res := &l.sent[i]
		if s, ok := l.signed(res); ok {
			asked[s.name], signers[s.name] = append(asked[s.name], res), s
		}
	}
	out := make(map[string][]probe.Evidence)
	for name, results := range asked {
		who, err := l.Identify(l.ctx, l.api.Region, signers[name].keys)
		if err != nil {
			l.note("%s: who principal %q is to AWS: %v", l.api.Name, name, err)
			continue
		}
		for id, e := range l.ofSigner(name, who, results) {
			out[id] = e
		}
	}
	return out
}

// signed is who made the signature of a request that IAM may have refused, if nothing of it was spoiled.
func (l *look) signed(res *probe.Result) (signer, bool) {
	open := suspects(res)
	if !slices.Contains(open, probe.IAMAuthorization) || len(open) < 2 || !res.Request.Traits.Genuine {
		return signer{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id := res.ID
	if res.IsExtra() {
		id = id[:strings.LastIndex(id, "|")]
	}
	s, ok := l.signers[id]
	return s, ok
}

// ofSigner is what is known of the requests that one principal signed.
func (l *look) ofSigner(name string, who Identity, results []*probe.Result) map[string][]probe.Evidence {
	out := make(map[string][]probe.Evidence)
	methods := make(map[string][]*probe.Result) // by ARN
	for _, res := range results {
		out[res.ID] = append(out[res.ID], probe.Evidence{
			Text:  fmt.Sprintf("AWS takes the keys of principal %q for %s (%s)", name, who.ARN, getCallerIdentity.Call),
			Grade: probe.Inferred, Passed: []probe.Layer{probe.IAMAuthentication}, Standing: true,
		})
		if path, took, _ := l.tookStage(res); took {
			verb := res.Request.Method
			if l.api.Type == probe.WebSocket {
				verb, path = "", probe.ConnectRoute
			}
			method := l.methodARN(who.Account, verb, path)
			methods[method] = append(methods[method], res)
		}
	}
	source, err := policySource(who.ARN)
	operator := l.operator()
	if err == nil && operator.Account != who.Account {
		err = fmt.Errorf("it belongs to account %s, which is not the one that is looked at", who.Account)
	}
	switch {
	case len(methods) == 0:
		return out
	case err != nil:
		l.note("%s: the rights of principal %q are not simulated: %v", l.api.Name, name, err)
		return out
	}
	for method, decision := range l.decisions(source, methods) {
		for _, res := range methods[method] {
			if e, tells := decision.evidence(source, method); tells {
				out[res.ID] = append(out[res.ID], e)
			}
		}
	}
	return out
}

// policySource is the ARN of the user or role whose policies a caller has.
func policySource(caller string) (arn.ARN, error) {
	name, err := arn.Parse(caller)
	kind, rest, _ := strings.Cut(name.Resource, "/")
	switch {
	case err != nil:
		return name, fmt.Errorf("reading the ARN %q: %w", caller, err)
	case name.Service == "iam" && kind == "user":
		return name, nil
	case name.Service == "sts" && kind == "assumed-role": // which does not show the path of the role, if it has one
		role, _, _ := strings.Cut(rest, "/")
		name.Service, name.Resource = "iam", "role/"+role
		return name, nil
	}
	return name, errors.New("it is no user and no role")
}

// decision is what IAM would decide, and on what.
type decision struct {
	types.EvaluationResult

	complete bool // the policies that it knows are all that grant
	identity bool // it knows those of the caller alone
}

// decisions simulates calls of methods by a user or role.
func (l *look) decisions(source arn.ARN, methods map[string][]*probe.Result) map[string]decision {
	input := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(source.String()), ActionNames: []string{invokeAction}}
	complete := l.api.Type != probe.REST // the others have no resource policies
	if l.api.Type == probe.REST {
		api, got := l.restAPI()
		if got != seen {
			return nil
		}
		policy, err := storedPolicy(api.Policy)
		complete = err == nil && policy == nil
		if text := plainPolicy(api.Policy); policy != nil && isUser(source) { // for others IAM does not take it
			input.ResourcePolicy, input.CallerArn, complete = &text, input.PolicySourceArn, true
		}
	}
	for method := range methods {
		input.ResourceArns = append(input.ResourceArns, method)
	}
	slices.Sort(input.ResourceArns)
	c := iam.NewFromConfig(l.config, func(o *iam.Options) { o.Region = l.api.Region })
	names := []string{"account", source.AccountID, "principal", source.Resource}
	all, _ := ask(l, simulatePrincipalPolicy, func(ctx context.Context) ([]types.EvaluationResult, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.EvaluationResult, *string, error) {
			input.Marker = token
			p, err := c.SimulatePrincipalPolicy(ctx, input)
			if err != nil {
				return nil, nil, err
			}
			return p.EvaluationResults, p.Marker, nil
		})
	}, append(names, "on", strings.Join(input.ResourceArns, " "))...)
	out := make(map[string]decision)
	for _, r := range all {
		out[aws.ToString(r.EvalResourceName)] = decision{r, complete, input.ResourcePolicy == nil}
	}
	return out
}

func isUser(source arn.ARN) bool { return strings.HasPrefix(source.Resource, "user/") }

// evidence is what the decision says of who answered. That a role may does not say that a session of it may; that no
// policy allows does not say that the resource policy does not.
func (d decision) evidence(source arn.ARN, method string) (probe.Evidence, bool) {
	e := probe.Evidence{Grade: probe.Inferred, Standing: true}
	switch {
	case len(d.MissingContextValues) > 0:
		return e, false // it depends on what is not known here
	case d.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed && isUser(source):
		e.Passed = []probe.Layer{probe.IAMAuthorization}
	case d.EvalDecision == types.PolicyEvaluationDecisionTypeExplicitDeny, d.EvalDecision == types.PolicyEvaluationDecisionTypeImplicitDeny && d.complete:
		e.Passed = []probe.Layer{probe.RequestValidation, probe.Integration, probe.Backend} // nobody gets there
		e.Causes = d.causes()
	default:
		return e, false
	}
	e.Text = fmt.Sprintf("simulation: %s of %s for %s on %s (%s), which may differ from what happens", d.EvalDecision, invokeAction, source, method,
		simulatePrincipalPolicy.Call)
	return e, true
}

// causes are why iam-authorization refuses, if it does.
func (d decision) causes() []probe.Candidate {
	switch {
	case d.EvalDecision == types.PolicyEvaluationDecisionTypeImplicitDeny:
		return []probe.Candidate{{Layer: probe.IAMAuthorization, Cause: "iam-implicit-deny"}}
	case d.identity:
		return []probe.Candidate{{Layer: probe.IAMAuthorization, Cause: "iam-explicit-deny"}}
	}
	return nil // the resource policy may have denied it
}
