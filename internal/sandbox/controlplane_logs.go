package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func logsService() *controlService {
	one := func(c *call) string { return c.arn("logs", "log-group:"+c.groupName()+":*") }
	return &controlService{
		name: "logs", wire: awsJSON, denied: "AccessDeniedException", throttled: "ThrottlingException",
		operations: []operation{
			{name: "DescribeLogGroups", action: "logs:DescribeLogGroups", on: func(c *call) string { return c.arn("logs", "log-group:*") }, answer: describeLogGroups},
			{name: "DescribeLogStreams", action: "logs:DescribeLogStreams", on: one, answer: describeLogStreams},
			{name: "DescribeResourcePolicies", action: "logs:DescribeResourcePolicies", answer: describeResourcePolicies},
			{name: "FilterLogEvents", action: "logs:FilterLogEvents", on: one, answer: filterLogEvents},
			{name: "GetLogEvents", action: "logs:GetLogEvents", on: one, answer: getLogEvents},
		},
	}
}

// groupName is the group that a call names, by its name or its ARN.
func (c *call) groupName() string {
	if name := c.text("logGroupName"); name != "" {
		return name
	}
	name := c.text("logGroupIdentifier")
	if i := strings.Index(name, ":log-group:"); i >= 0 {
		name = name[i+len(":log-group:"):]
	}
	return strings.TrimSuffix(name, ":*")
}

// logGroups are the groups that somebody declared, whether or not anything is in
// them.
func (c *call) logGroups() []string {
	var out []string
	for _, a := range c.apis(REST, HTTP, WebSocket) {
		for _, s := range a.Stages {
			if s.AccessLog != nil {
				out = append(out, s.AccessLog.Group)
			}
			if s.ExecutionLog && a.family() != HTTP {
				out = append(out, executionGroup(a, s.Name))
			}
		}
		for i := range a.Authorizers {
			if z := &a.Authorizers[i]; authorizesByFunction(z) {
				out = append(out, functionGroup(authorizerFunctionName(a, z)))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func describeLogGroups(c *call) (any, error) {
	all := slices.DeleteFunc(c.logGroups(), func(name string) bool { return !strings.HasPrefix(name, c.text("logGroupNamePrefix")) })
	some, next, err := page(c, all, c.number("limit"), c.text("nextToken"), 50)
	if err != nil {
		return nil, err
	}
	out := object{"logGroups": rendered(some, func(name string) any {
		arn := c.arn("logs", "log-group:"+name)
		g := object{"logGroupName": name, "arn": arn + ":*", "logGroupArn": arn, "creationTime": since * 1000, "storedBytes": 0, "metricFilterCount": 0}
		if days := c.model.ControlPlane.Retention[name]; days > 0 {
			g["retentionInDays"] = days
		}
		return g
	})}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

// number is a number of the request, as text.
func (c *call) number(name string) string {
	n, ok := c.input[name].(float64)
	if !ok {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// events are what a call finds in its group: what has been delivered by now, of
// the time that it asks for.
func (c *call) events() ([]logEvent, error) {
	if !slices.Contains(c.logGroups(), c.groupName()) {
		return nil, &failure{http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist."}
	}
	all := c.logs.written(logGroup{c.account(), c.region, c.groupName()}, c.now.Add(-c.model.ControlPlane.LogDelay))
	start, hasStart := c.input["startTime"].(float64)
	end, hasEnd := c.input["endTime"].(float64)
	return slices.DeleteFunc(all, func(e logEvent) bool {
		at := float64(e.at.UnixMilli())
		return hasStart && at < start || hasEnd && at > end
	}), nil
}

func filterLogEvents(c *call) (any, error) {
	all, err := c.events()
	if err != nil {
		return nil, err
	}
	fits := logFilter(c.text("filterPattern"))
	all = slices.DeleteFunc(all, func(e logEvent) bool { return !fits(e.message) })
	some, next, err := page(c, all, c.number("limit"), c.text("nextToken"), 10_000)
	if err != nil {
		return nil, err
	}
	out := object{"searchedLogStreams": list{}, "events": rendered(some, func(e logEvent) any {
		return object{"logStreamName": e.stream, "timestamp": e.at.UnixMilli(), "ingestionTime": e.at.UnixMilli(), "message": e.message, "eventId": e.id}
	})}
	if next != "" {
		out["nextToken"] = next
	}
	return out, nil
}

func getLogEvents(c *call) (any, error) {
	all, err := c.events()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e logEvent) bool { return e.stream != c.text("logStreamName") })
	token := strings.TrimPrefix(c.text("nextToken"), "f/")
	some, next, err := page(c, all, c.number("limit"), token, 10_000)
	if err != nil {
		return nil, err
	}
	if next == "" { // at the end the token stays the same
		next = token
	}
	return object{"nextForwardToken": "f/" + next, "nextBackwardToken": "b/" + token, "events": rendered(some, func(e logEvent) any {
		return object{"timestamp": e.at.UnixMilli(), "ingestionTime": e.at.UnixMilli(), "message": e.message}
	})}, nil
}

func describeLogStreams(c *call) (any, error) {
	all, err := c.events()
	if err != nil {
		return nil, err
	}
	last := map[string]time.Time{}
	var names []string
	for _, e := range all {
		if _, ok := last[e.stream]; !ok {
			names = append(names, e.stream)
		}
		last[e.stream] = e.at
	}
	return object{"logStreams": rendered(names, func(name string) any {
		return object{"logStreamName": name, "lastEventTimestamp": last[name].UnixMilli()}
	})}, nil
}

func describeResourcePolicies(c *call) (any, error) {
	out := list{}
	if c.text("policyScope") == "RESOURCE" {
		return object{"resourcePolicies": out}, nil // no group has one of its own
	}
	for name, document := range c.model.ControlPlane.LogPolicies {
		out = append(out, object{"policyName": name, "policyDocument": document, "lastUpdatedTime": since * 1000})
	}
	return object{"resourcePolicies": out}, nil
}

// logFilter reads a filter pattern: terms that must all be in a message, one of
// those with a question mark, none of those with a minus; or one comparison of a
// field of JSON.
func logFilter(pattern string) func(message string) bool {
	pattern = strings.TrimSpace(pattern)
	if inside, ok := strings.CutPrefix(pattern, "{"); ok {
		return jsonFilter(strings.TrimSuffix(inside, "}"))
	}
	var all, anyOf, none []string
	for _, term := range terms(pattern) {
		switch {
		case strings.HasPrefix(term, "?"):
			anyOf = append(anyOf, strings.Trim(term[1:], `"`))
		case strings.HasPrefix(term, "-"):
			none = append(none, strings.Trim(term[1:], `"`))
		default:
			all = append(all, strings.Trim(term, `"`))
		}
	}
	return func(message string) bool {
		in := func(term string) bool { return strings.Contains(message, term) }
		return !slices.ContainsFunc(all, func(t string) bool { return !in(t) }) && !slices.ContainsFunc(none, in) &&
			(len(anyOf) == 0 || slices.ContainsFunc(anyOf, in))
	}
}

// terms splits at blanks that are not within quotes.
func terms(pattern string) []string {
	quoted := false
	return strings.FieldsFunc(pattern, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

func jsonFilter(comparison string) func(string) bool {
	selector, want, _ := strings.Cut(comparison, "=")
	want = strings.Trim(strings.TrimSpace(want), `"`)
	path := strings.TrimPrefix(strings.TrimSpace(selector), "$.")
	return func(message string) bool {
		var v map[string]any
		if json.Unmarshal([]byte(message), &v) != nil {
			return false
		}
		got, ok := v[path]
		if !ok {
			var at any = v
			for name := range strings.SplitSeq(path, ".") {
				inner, _ := at.(map[string]any)
				at = inner[name]
			}
			got = at
		}
		s, ok := got.(string)
		return ok && glob(want, s)
	}
}
