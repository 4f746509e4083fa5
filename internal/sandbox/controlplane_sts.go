package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

func stsService() *controlService {
	return &controlService{
		name: "sts", wire: awsQuery, denied: "AccessDenied", throttled: "Throttling",
		operations: []operation{
			{name: "GetCallerIdentity", answer: getCallerIdentity},
			{name: "AssumeRole", action: "sts:AssumeRole", on: func(c *call) string { return c.form.Get("RoleArn") }, answer: assumeRole},
		},
	}
}

func getCallerIdentity(c *call) (any, error) {
	return fields{{"Arn", c.caller.ARN}, {"UserId", strings.ToUpper(made(21, c.caller.ARN))}, {"Account", c.account()}}, nil
}

// sessions are the principals that have come to be since the gateway was made.
type sessions struct {
	mu  sync.Mutex
	all map[string]*Principal
}

// principal finds who has an access key.
func (g *Gateway) principal(accessKeyID string) *Principal {
	g.sessions.mu.Lock()
	defer g.sessions.mu.Unlock()
	if p := g.sessions.all[accessKeyID]; p != nil {
		return p
	}
	return g.principals[accessKeyID]
}

func (g *Gateway) admit(p *Principal) {
	g.sessions.mu.Lock()
	defer g.sessions.mu.Unlock()
	if g.sessions.all == nil {
		g.sessions.all = map[string]*Principal{}
	}
	g.sessions.all[p.AccessKeyID] = p
}

// assumeRole makes a session of a role: one that a principal of the model is a
// session of, whose rights it gets. Every role trusts everybody who may assume it.
func assumeRole(c *call) (any, error) {
	arn, name := c.form.Get("RoleArn"), c.form.Get("RoleSessionName")
	seconds, err := strconv.Atoi(c.form.Get("DurationSeconds"))
	if err != nil {
		seconds = 3600
	}
	p := &Principal{
		AccessKeyID: "ASIA" + strings.ToUpper(c.ids.hex(8)), SecretKey: c.ids.hex(20), SessionToken: c.ids.hex(32),
		Expires: c.now.Add(time.Duration(seconds) * time.Second),
	}
	for i := range c.model.Principals {
		if role := &c.model.Principals[i]; roleARN(role.ARN) == arn && role.ARN != arn {
			p.Policy = role.Policy
			p.ARN = role.ARN[:strings.LastIndex(role.ARN, "/")+1] + name
		}
	}
	if p.ARN == "" {
		return nil, &failure{http.StatusForbidden, "AccessDenied", "User: " + c.caller.ARN + " is not authorized to perform: sts:AssumeRole on resource: " + arn}
	}
	if text := c.form.Get("Policy"); text != "" {
		session, err := parsePolicy(text)
		if err != nil {
			return nil, err
		}
		p.Session = &session
	}
	c.admit(p)
	return fields{
		{"AssumedRoleUser", fields{{"Arn", p.ARN}, {"AssumedRoleId", strings.ToUpper(made(21, arn)) + ":" + name}}},
		{"Credentials", fields{
			{"AccessKeyId", p.AccessKeyID}, {"SecretAccessKey", p.SecretKey}, {"SessionToken", p.SessionToken},
			{"Expiration", p.Expires.Format(time.RFC3339)},
		}},
	}, nil
}
