package evidence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

const (
	sampleSize   = 500           // AWS WAF shows no more of one rule
	samplesReach = 3 * time.Hour // and none that are older
	requestID    = "x-amzn-requestid"
)

// sampled finds what the web ACL of the stage did with requests, among those that AWS WAF happened to keep. Each request
// bears an id of its own, which the sample shows: so it is of this request. That one is not among them shows nothing.
func (l *look) sampled() map[string][]probe.Evidence {
	sent := l.samplable()
	if l.api.Type != probe.REST || len(sent) == 0 {
		return nil
	}
	s, got := l.restStage()
	if got != seen || aws.ToString(s.WebAclArn) == "" {
		return nil
	}
	rules, ok := l.sampledRules(*s.WebAclArn)
	if !ok {
		return nil
	}
	seenOf := make(map[string][]verdict)
	for _, r := range rules {
		for _, one := range l.samples(*s.WebAclArn, r.metric) {
			if res := sent[headerOf(one.Request, requestID)]; res != nil && sameRequest(res, one) {
				seenOf[res.ID] = append(seenOf[res.ID], r.verdict(one))
			}
		}
	}
	out := make(map[string][]probe.Evidence)
	for _, res := range sent {
		if e, tells := testimony(seenOf[res.ID], l.ownHost(res)); tells {
			out[res.ID] = []probe.Evidence{e}
		}
	}
	return out
}

// samplable are the requests that a web ACL may have refused, by the ids that they bear. What was sent twice under one
// id cannot be told apart.
func (l *look) samplable() map[string]*probe.Result {
	out := make(map[string]*probe.Result)
	for i := range l.sent {
		res := &l.sent[i]
		if res.Attribution == nil || res.Observed == nil || res.Observed.Resends > 0 || res.Request == nil || res.Request.Traits == nil {
			continue
		}
		id := res.Request.Headers[requestID]
		if open := suspects(res); id != "" && (len(res.Attribution.Candidates) == 0 || slices.Contains(open, probe.WAF)) {
			out[id] = res
		}
	}
	return out
}

// sampledRule is what decides on its own in a web ACL: a rule, a group of them, or the action by default.
type sampledRule struct{ name, metric string }

// sampledRules are those of the web ACL whose samples can be read. A rule that only counts decides nothing.
func (l *look) sampledRules(webACL string) ([]sampledRule, bool) {
	name, err := arn.Parse(webACL)
	parts := strings.Split(name.Resource, "/")
	if err != nil || name.Service != "wafv2" || len(parts) != 4 {
		l.note("%s: %s is no web ACL of AWS WAF as it is now: its samples are not read", l.api.Name, webACL)
		return nil, false
	}
	c := l.wafs()
	acl, got := ask(l, getWebACL, func(ctx context.Context) (*types.WebACL, error) {
		out, err := c.GetWebACL(ctx, &wafv2.GetWebACLInput{Name: &parts[2], Id: &parts[3], Scope: types.ScopeRegional})
		if err != nil {
			return nil, err
		}
		return out.WebACL, nil
	}, "account", name.AccountID, "name", parts[2], "id", parts[3])
	if got != seen || acl == nil {
		return nil, false
	}
	var out []sampledRule
	add := func(name string, shown *types.VisibilityConfig) {
		switch {
		case shown == nil || aws.ToString(shown.MetricName) == "":
		case !shown.SampledRequestsEnabled:
			l.note("%s: the web ACL keeps no samples of %s", l.api.Name, name)
		default:
			out = append(out, sampledRule{name, *shown.MetricName})
		}
	}
	for _, r := range acl.Rules {
		if (r.Action == nil || r.Action.Count == nil) && (r.OverrideAction == nil || r.OverrideAction.Count == nil) {
			add(fmt.Sprintf("rule %q", aws.ToString(r.Name)), r.VisibilityConfig)
		}
	}
	for _, g := range slices.Concat(acl.PreProcessFirewallManagerRuleGroups, acl.PostProcessFirewallManagerRuleGroups) {
		if g.OverrideAction == nil || g.OverrideAction.Count == nil {
			add(fmt.Sprintf("rule group %q", aws.ToString(g.Name)), g.VisibilityConfig)
		}
	}
	add("the default action", acl.VisibilityConfig)
	return out, true
}

// samples are the requests that AWS WAF kept of a rule while the run went on.
func (l *look) samples(webACL, metric string) []types.SampledHTTPRequest {
	c := l.wafs()
	name, _ := arn.Parse(webACL) // it was parsed before
	parts := strings.Split(name.Resource, "/")
	first, last := l.sentFrom()
	out, _ := ask(l, getSampledRequests, func(ctx context.Context) (*wafv2.GetSampledRequestsOutput, error) {
		return c.GetSampledRequests(ctx, &wafv2.GetSampledRequestsInput{
			WebAclArn: &webACL, RuleMetricName: &metric, Scope: types.ScopeRegional, MaxItems: aws.Int64(sampleSize),
			TimeWindow: &types.TimeWindow{StartTime: &first, EndTime: &last},
		})
	}, "account", name.AccountID, "name", parts[2], "id", parts[3], "metric", metric)
	if out == nil {
		return nil
	}
	return out.SampledRequests
}

// sentFrom is when the requests of the run were sent, with a minute around for clocks that differ.
func (l *look) sentFrom() (first, last time.Time) {
	for _, res := range l.sent {
		switch {
		case res.Observed == nil:
		case first.IsZero():
			first, last = res.At, res.At
		case res.At.Before(first):
			first = res.At
		case res.At.After(last):
			last = res.At
		}
	}
	first, last = first.Add(-time.Minute), last.Add(time.Minute)
	if oldest := last.Add(-samplesReach + time.Minute); first.Before(oldest) {
		first = oldest
	}
	return first, last
}

// sameRequest reports whether a sample with the id of a request is of it, and not of what a backend passed on.
func sameRequest(res *probe.Result, one types.SampledHTTPRequest) bool {
	return one.Request != nil && aws.ToString(one.Request.Method) == res.Request.Method && strings.EqualFold(headerOf(one.Request, "host"), res.Request.Traits.Host) &&
		(one.ResponseCodeSent == nil || int(*one.ResponseCodeSent) == res.Observed.Status)
}

func headerOf(r *types.HTTPRequest, name string) string {
	if r != nil {
		for _, h := range r.Headers {
			if strings.EqualFold(aws.ToString(h.Name), name) {
				return aws.ToString(h.Value)
			}
		}
	}
	return ""
}

// verdict is what a sample says of a request.
type verdict struct {
	text    string
	refused probe.Cause // "": not by this rule
	passed  bool
}

func (r sampledRule) verdict(one types.SampledHTTPRequest) verdict {
	name := r.name
	if inner := aws.ToString(one.RuleNameWithinRuleGroup); inner != "" {
		name += fmt.Sprintf(" (%s)", inner)
	}
	v := verdict{text: fmt.Sprintf("sample of AWS WAF, of this request id: %s: %s", name, aws.ToString(one.Action))}
	switch aws.ToString(one.Action) {
	case "BLOCK":
		v.refused = "waf-blocked"
	case "ALLOW":
		v.passed = true
	case "CAPTCHA":
		if one.CaptchaResponse != nil && one.CaptchaResponse.FailureReason != "" {
			v.refused = "waf-captcha"
		}
	case "CHALLENGE":
		if one.ChallengeResponse != nil && one.ChallengeResponse.FailureReason != "" {
			v.refused = "waf-challenge"
		}
	}
	return v
}

// testimony is what the samples of one request come to. Other gateways may use the same web ACL, but none answers to
// the API's own host.
func testimony(all []verdict, ownHost bool) (probe.Evidence, bool) {
	e := probe.Evidence{Grade: probe.Documented}
	if !ownHost {
		e.Grade = probe.Inferred
	}
	for _, v := range all {
		switch {
		case v.refused == "" && !v.passed:
		case e.Text != "" && (v.passed != (e.Passed != nil)):
			return probe.Evidence{}, false // they contradict each other
		case v.passed && !ownHost: // in front of the gateway another may have
		case v.passed:
			e.Text, e.Passed = v.text, []probe.Layer{probe.WAF}
		default:
			e.Text, e.Candidates = v.text, []probe.Candidate{{Layer: probe.WAF, Cause: v.refused}}
		}
	}
	return e, e.Text != ""
}

// ownHost reports whether a request was sent to the API's own name.
func (l *look) ownHost(res *probe.Result) bool {
	return strings.HasPrefix(res.Request.Traits.Host, l.api.ID+".execute-api."+l.api.Region+".")
}

func (l *look) wafs() *wafv2.Client {
	return wafv2.NewFromConfig(l.config, func(o *wafv2.Options) { o.Region = l.api.Region })
}
