package sandbox

import (
	"net/netip"
	"slices"
	"strings"
)

// Policy is an IAM policy: identity-based, session, or of a resource.
type Policy []Statement

// Statement is one statement of a policy.
type Statement struct {
	Effect    Effect
	Principal []string // resource policies only: "*", an account id, or an ARN
	Action    []string // empty: execute-api:Invoke
	Resource  []string // ARNs or execute-api:/stage/VERB/path, with wildcards; empty: *
	Condition []Condition
}

// Effect is what a statement does where it matches.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Condition compares one condition key; any of the values will do.
type Condition struct {
	Operator, Key string
	Values        []string
}

// verdict is what a policy says about a request: Allow, Deny, or neither.
type verdict = Effect

const neither verdict = ""

const invoke = "execute-api:Invoke"

// inquiry is what a policy is asked: whether somebody may do something. What it
// takes to answer is only looked up where a statement depends on it.
type inquiry struct {
	action    string
	resource  func() string
	principal func(name string) bool // whether a resource policy's principal means the caller
	expand    func(resource string) string
	condition func(key string) string // "" where the request has no such key
}

// inquiry is about the invocation of the method that the request is for.
func (x *exchange) inquiry() inquiry {
	return inquiry{
		action:    invoke,
		resource:  func() string { return x.methodARN(x.api.Account) },
		principal: x.isPrincipal,
		expand:    x.expandARN,
		condition: func(key string) string { return conditionKeys[key](x) },
	}
}

// evaluate asks the policy about the exchange.
func (p Policy) evaluate(x *exchange) verdict { return p.answer(x.inquiry()) }

// answer says what the policy does. A deny anywhere wins.
func (p Policy) answer(q inquiry) verdict {
	says := neither
	for _, s := range p {
		if !s.matches(q) {
			continue
		}
		if s.Effect == Deny {
			return Deny
		}
		says = Allow
	}
	return says
}

func (s *Statement) matches(q inquiry) bool {
	return (len(s.Principal) == 0 || slices.ContainsFunc(s.Principal, q.principal)) &&
		s.covers(q.action) &&
		(len(s.Resource) == 0 || slices.ContainsFunc(s.Resource, func(r string) bool {
			return glob(q.expand(r), q.resource())
		})) &&
		!slices.ContainsFunc(s.Condition, func(c Condition) bool { return !c.holds(q) })
}

func (s *Statement) covers(action string) bool {
	if len(s.Action) == 0 {
		return action == invoke
	}
	return slices.ContainsFunc(s.Action, func(a string) bool { return glob(strings.ToLower(a), strings.ToLower(action)) })
}

// isPrincipal tells whether a resource policy's principal means the caller. An
// anonymous caller is meant by the star alone.
func (x *exchange) isPrincipal(name string) bool {
	return name == "*" || x.caller != nil && x.caller.isMeantBy(name, partition(x.api.Region))
}

// isMeantBy tells whether a policy's principal is this one, or its account.
func (p *Principal) isMeantBy(name, partition string) bool {
	account := p.account()
	return name == account || name == "arn:"+partition+":iam::"+account+":root" || name == p.ARN || name == roleARN(p.ARN)
}

// roleARN is the role behind the ARN of a session; other ARNs stay as they are.
func roleARN(arn string) string {
	head, session, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(session, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
}

// methodARN names what is invoked: by the path of the request, not the template
// of the route. A WebSocket API has only the route's key.
func (x *exchange) methodARN(account string) string {
	method := x.method + x.resource
	if x.family() == WebSocket {
		method = x.route.key()
	}
	return "arn:" + partition(x.api.Region) + ":execute-api:" + x.api.Region + ":" + account + ":" +
		x.api.ID + "/" + x.stageName + "/" + method
}

func (x *exchange) expandARN(short string) string {
	if rest, ok := strings.CutPrefix(short, "execute-api:/"); ok {
		return "arn:" + partition(x.api.Region) + ":execute-api:" + x.api.Region + ":" + x.api.Account + ":" + x.api.ID + "/" + rest
	}
	return short
}

// operator compares a value with one of a condition's; a negated one holds where
// none fits, and where the key is absent.
type operator struct {
	fits    func(pattern, value string) bool
	negated bool
}

func equal(pattern, value string) bool { return pattern == value }

func inNetwork(pattern, value string) bool {
	addr, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if network, err := netip.ParsePrefix(pattern); err == nil {
		return network.Contains(addr)
	}
	single, err := netip.ParseAddr(pattern)
	return err == nil && single == addr
}

var operators = map[string]operator{
	"StringEquals":    {equal, false},
	"StringNotEquals": {equal, true},
	"StringLike":      {glob, false},
	"StringNotLike":   {glob, true},
	"ArnLike":         {glob, false},
	"ArnNotLike":      {glob, true},
	"IpAddress":       {inNetwork, false},
	"NotIpAddress":    {inNetwork, true},
}

// conditionKeys yield the value of a key, or "" where the request has none:
// those about the principal need an authenticated caller.
var conditionKeys = map[string]func(*exchange) string{
	"aws:SourceIp": func(x *exchange) string {
		if x.endpoint != nil { // an address in a VPC says nothing
			return ""
		}
		return x.source().String()
	},
	"aws:SourceVpc": func(x *exchange) string {
		if x.endpoint == nil {
			return ""
		}
		return x.endpoint.VPC
	},
	"aws:SourceVpce": func(x *exchange) string {
		if x.endpoint == nil {
			return ""
		}
		return x.endpoint.ID
	},
	"aws:UserAgent":       func(x *exchange) string { return x.r.UserAgent() },
	"aws:Referer":         func(x *exchange) string { return x.r.Referer() },
	"aws:SecureTransport": func(*exchange) string { return "true" },
	"aws:PrincipalArn": func(x *exchange) string {
		if x.caller == nil {
			return ""
		}
		return roleARN(x.caller.ARN)
	},
	"aws:PrincipalAccount": func(x *exchange) string {
		if x.caller == nil {
			return ""
		}
		return x.caller.account()
	},
}

func (c *Condition) holds(q inquiry) bool {
	op, value := operators[c.Operator], q.condition(c.Key)
	if value == "" {
		return op.negated
	}
	fits := slices.ContainsFunc(c.Values, func(pattern string) bool { return op.fits(pattern, value) })
	return fits != op.negated
}

// glob matches * and ?, without the meaning of slashes that file patterns have.
func glob(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
