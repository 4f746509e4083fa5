package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func wafService() *controlService {
	return &controlService{
		name: "wafv2", wire: awsJSON, denied: "AccessDeniedException", throttled: "ThrottlingException",
		operations: []operation{
			{name: "GetWebACLForResource", action: "wafv2:GetWebACLForResource", on: func(c *call) string { return c.text("ResourceArn") }, answer: getWebACLForResource},
			{name: "GetWebACL", action: "wafv2:GetWebACL", on: webACLAsked, answer: getWebACL},
			{name: "GetSampledRequests", action: "wafv2:GetSampledRequests", on: func(c *call) string { return c.text("WebAclArn") }, answer: getSampledRequests},
		},
	}
}

func getWebACLForResource(c *call) (any, error) {
	for _, a := range c.apis(REST) {
		for i := range a.Stages {
			s := &a.Stages[i]
			if c.text("ResourceArn") != "arn:"+partition(c.region)+":apigateway:"+c.region+"::/restapis/"+a.ID+"/stages/"+s.Name {
				continue
			}
			if len(s.WebACL) == 0 {
				return object{}, nil
			}
			return object{"WebACL": webACL(a, s)}, nil
		}
	}
	return nil, &failure{http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist."}
}

// webACLAsked is the ARN of the web ACL that a call names, by that or by its name
// and id.
func webACLAsked(c *call) string {
	if arn := c.text("ARN"); arn != "" {
		return arn
	}
	return c.arn("wafv2", strings.ToLower(c.text("Scope"))+"/webacl/"+c.text("Name")+"/"+c.text("Id"))
}

func getWebACL(c *call) (any, error) {
	for _, a := range c.apis(REST) {
		for i := range a.Stages {
			if s := &a.Stages[i]; len(s.WebACL) > 0 && webACLARN(a, s) == webACLAsked(c) {
				return object{"WebACL": webACL(a, s), "LockToken": made(32, "lock", webACLARN(a, s))}, nil
			}
		}
	}
	return nil, &failure{http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist."}
}

func webACL(a *API, s *Stage) object {
	rules := list{}
	for i, r := range s.WebACL {
		block := object{}
		if r.Status != 0 {
			block["CustomResponse"] = object{"ResponseCode": r.Status}
		}
		rules = append(rules, object{
			"Name": wafRuleName(i), "Priority": i, "Action": object{"Block": block}, "Statement": wafStatement(&r), "VisibilityConfig": sampled(wafRuleName(i)),
		})
	}
	arn := webACLARN(a, s)
	return object{
		"Name": webACLName(a, s), "Id": arn[strings.LastIndex(arn, "/")+1:], "ARN": arn, "DefaultAction": object{"Allow": object{}}, "Rules": rules,
		"Capacity": len(rules), "VisibilityConfig": sampled(webACLName(a, s)),
	}
}

// wafRuleName is a rule's name and that of its metric.
func wafRuleName(i int) string { return "rule-" + strconv.Itoa(i+1) }

func sampled(metric string) object {
	return object{"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": metric}
}

// wafStatement is what a rule looks at, in the words of the service.
func wafStatement(r *WAFRule) object {
	contains := func(field object, constraint string) object {
		return object{"ByteMatchStatement": object{
			"SearchString": []byte(r.Value), "FieldToMatch": field, "PositionalConstraint": constraint,
			"TextTransformations": list{object{"Priority": 0, "Type": "NONE"}},
		}}
	}
	header := object{"SingleHeader": object{"Name": strings.ToLower(r.Header)}}
	present := object{"SizeConstraintStatement": object{
		"FieldToMatch": header, "ComparisonOperator": "GE", "Size": 1, "TextTransformations": list{object{"Priority": 0, "Type": "NONE"}},
	}}
	switch r.Match {
	case WAFHeaderContains:
		return contains(header, "CONTAINS")
	case WAFHeaderPresent:
		return present
	case WAFHeaderAbsent:
		return object{"NotStatement": object{"Statement": present}}
	case WAFQueryContains:
		return contains(object{"QueryString": object{}}, "CONTAINS")
	case WAFPathPrefix:
		return contains(object{"UriPath": object{}}, "STARTS_WITH")
	case WAFSource:
		return object{"IPSetReferenceStatement": object{"ARN": "arn:aws:wafv2:::ipset/" + r.Value}}
	case WAFRate:
		return object{"RateBasedStatement": object{"Limit": r.After, "AggregateKeyType": "IP"}}
	}
	return contains(object{"UriPath": object{}}, "STARTS_WITH")
}

// sample is a request that a web ACL has seen.
type sample struct {
	acl, metric string // the web ACL's own metric where no rule matched
	at          time.Time
	request     object
	action      string
	status      int
}

// maxSamples bounds the memory of a gateway that serves for days.
const maxSamples = 5000

type sampleStore struct {
	mu  sync.Mutex
	all []sample
}

// sampleRequest keeps what a web ACL saw of the exchange, and the rule that
// matched, if one did.
func (x *exchange) sampleRequest(rule int, status int) {
	headers := list{}
	for name, values := range x.r.Header {
		for _, v := range values {
			headers = append(headers, object{"Name": strings.ToLower(name), "Value": v})
		}
	}
	uri := x.path
	if x.query != "" {
		uri += "?" + x.query
	}
	s := sample{acl: webACLARN(x.api, x.stage), metric: webACLName(x.api, x.stage), at: x.now, action: "ALLOW", status: status, request: object{
		"ClientIP": x.source().String(), "Country": "-", "URI": uri, "Method": x.r.Method, "HTTPVersion": x.r.Proto,
		"Headers": append(headers, object{"Name": "host", "Value": x.r.Host}),
	}}
	if rule >= 0 {
		s.metric, s.action = wafRuleName(rule), "BLOCK"
	}
	x.samples.mu.Lock()
	defer x.samples.mu.Unlock()
	if len(x.samples.all) == maxSamples {
		x.samples.all = x.samples.all[1:]
	}
	x.samples.all = append(x.samples.all, s)
}

// getSampledRequests shows the samples of one metric in a window of time, which
// cannot reach back more than three hours.
func getSampledRequests(c *call) (any, error) {
	window, _ := c.input["TimeWindow"].(map[string]any)
	start, okStart := window["StartTime"].(float64)
	end, okEnd := window["EndTime"].(float64)
	most, ok := c.input["MaxItems"].(float64)
	if !okStart || !okEnd || !ok || most < 1 || most > 500 || c.text("Scope") != "REGIONAL" {
		return nil, &failure{http.StatusBadRequest, "WAFInvalidParameterException", "Error reason: The parameter contains a value that is not valid."}
	}
	start = max(start, float64(c.now.Add(-3*time.Hour).Unix()))
	if !slices.ContainsFunc(c.apis(REST), func(a *API) bool {
		return slices.ContainsFunc(a.Stages, func(s Stage) bool { return len(s.WebACL) > 0 && webACLARN(a, &s) == c.text("WebAclArn") })
	}) {
		return nil, &failure{http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist."}
	}
	c.samples.mu.Lock()
	defer c.samples.mu.Unlock()
	out, population := list{}, 0
	for _, s := range c.samples.all {
		at := float64(s.at.Unix())
		if s.acl != c.text("WebAclArn") || s.metric != c.text("RuleMetricName") || at < float64(int64(start)) || at > end {
			continue
		}
		population++
		if len(out) < int(most) {
			one := object{"Request": s.request, "Weight": 1, "Timestamp": s.at.Unix(), "Action": s.action}
			if s.status != 0 {
				one["ResponseCodeSent"] = s.status
			}
			out = append(out, one)
		}
	}
	return object{"SampledRequests": out, "PopulationSize": population, "TimeWindow": object{"StartTime": start, "EndTime": end}}, nil
}
