package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func lambdaService() *controlService {
	on := func(c *call) string { return c.arn("lambda", "function:"+c.functionName()) }
	return &controlService{
		name: "lambda", wire: restJSON, denied: "AccessDeniedException", throttled: "TooManyRequestsException",
		operations: []operation{
			{name: "Invoke", route: "POST /2015-03-31/functions/{function}/invocations", action: "lambda:InvokeFunction", on: on, answer: invokeFunction},
			{name: "GetPolicy", route: "GET /2015-03-31/functions/{function}/policy", action: "lambda:GetPolicy", on: on, answer: getFunctionPolicy},
		},
	}
}

// functionName is the function that a path names, by its name or its ARN.
func (c *call) functionName() string {
	name := c.r.PathValue("function")
	if _, rest, ok := strings.Cut(name, ":function:"); ok {
		name, _, _ = strings.Cut(rest, ":")
	}
	return name
}

// function is a Lambda function of the model: of an authorizer, or behind a route.
type function struct {
	api        *API
	authorizer *Authorizer
	route      *Route
}

func (c *call) function() (function, error) {
	for _, a := range c.apis(REST, HTTP, WebSocket) {
		for i := range a.Authorizers {
			if z := &a.Authorizers[i]; authorizesByFunction(z) && authorizerFunctionName(a, z) == c.functionName() {
				return function{api: a, authorizer: z}, nil
			}
		}
		for i := range a.Routes {
			if r := &a.Routes[i]; r.Backend.Kind != HTTPProxy && functionName(a, r) == c.functionName() {
				return function{api: a, route: r}, nil
			}
		}
	}
	return function{}, &failure{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + c.arn("lambda", "function:"+c.functionName())}
}

func authorizesByFunction(z *Authorizer) bool {
	return z.Type == TokenAuthorizer || z.Type == RequestAuthorizer
}

// getFunctionPolicy shows who may call the function: its API, unless that is what
// went wrong.
func getFunctionPolicy(c *call) (any, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	if f.authorizer != nil && f.authorizer.Function.NotPermitted || f.route != nil && f.route.Backend.Kind == PermissionMissing {
		return nil, &failure{http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist."}
	}
	arn := functionARN(f.api, c.functionName())
	policy, _ := json.Marshal(object{"Version": "2012-10-17", "Id": "default", "Statement": list{object{ // texts always encode
		"Sid": "apigateway", "Effect": "Allow", "Principal": object{"Service": "apigateway.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn,
		"Condition": object{"ArnLike": object{"AWS:SourceArn": "arn:" + partition(c.region) + ":execute-api:" + c.region + ":" + c.account() + ":" + f.api.ID + "/*"}},
	}}})
	return object{"Policy": string(policy), "RevisionId": made(32, "revision", arn)}, nil
}

func invokeFunction(c *call) (any, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	payload, failure := f.backend()
	if f.authorizer != nil {
		payload, failure = c.askAuthorizer(f)
	}
	out := blob{contentType: jsonType, header: map[string]string{"X-Amz-Executed-Version": "$LATEST"}}
	if failure != "" {
		out.header["X-Amz-Function-Error"] = "Unhandled"
		payload = object{"errorMessage": failure, "errorType": "Error", "trace": list{}}
	}
	out.content, _ = json.Marshal(payload) // made of texts
	return out, nil
}

// backend is what the function behind a route answers, with the failure that it
// ends in.
func (f function) backend() (payload any, failure string) {
	if f.route == nil {
		return nil, ""
	}
	b := &f.route.Backend
	switch b.Kind {
	case Throws:
		return nil, "the sandbox's function failed"
	case Timeout:
		return nil, "Task timed out after 3.00 seconds"
	case Malformed:
		return "nonsense", ""
	}
	status, body := b.Status, b.Body
	if status == 0 {
		status = http.StatusOK
	}
	if body == "" {
		body = `{"ok":true}`
	}
	return object{"statusCode": status, "headers": b.Header, "body": body}, ""
}

// askAuthorizer has the function decide about the event of a caller.
func (c *call) askAuthorizer(f function) (payload any, failure string) {
	method, _ := c.input["methodArn"].(string)
	if method == "" {
		method, _ = c.input["routeArn"].(string)
	}
	d := f.authorizer.Function.decision(eventIdentity(f.authorizer, c.input))
	c.logFunction(f.api, f.authorizer, d)
	switch d.Fails {
	case Unauthorized:
		return nil, "Unauthorized"
	case Crash:
		return nil, "the sandbox's function failed"
	case MalformedPolicy:
		return object{"principalId": "sandbox"}, ""
	}
	policy := d.Policy.forMethod(method)
	if f.authorizer.Function.Simple {
		return object{"isAuthorized": policy.answer(c.inquiry(invoke, method)) == Allow}, ""
	}
	out := object{"principalId": "sandbox", "policyDocument": json.RawMessage(policy.document(f.api))}
	if d.UsageKey != "" {
		out["usageIdentifierKey"] = d.UsageKey
	}
	return out, ""
}

// eventIdentity reads an authorizer's identity sources from the event that the
// gateway would make of a request.
func eventIdentity(z *Authorizer, event map[string]any) []string {
	if token, ok := event["authorizationToken"].(string); ok {
		return []string{token}
	}
	find := func(in, name string) string {
		values, _ := event[in].(map[string]any)
		for key, value := range values {
			if strings.EqualFold(key, name) {
				s, _ := value.(string)
				return s
			}
		}
		return ""
	}
	var out []string
	for _, s := range z.sources() {
		switch {
		case s.Header != "":
			out = append(out, find("headers", s.Header))
		case s.Query != "":
			out = append(out, find("queryStringParameters", s.Query))
		case s.RouteKey:
			key, _ := event["routeKey"].(string)
			out = append(out, key)
		}
	}
	return out
}

// functionGroup is where a Lambda function writes.
func functionGroup(name string) string { return "/aws/lambda/" + name }

// logFunction writes what an authorizer's function logs of one call.
func (g *Gateway) logFunction(a *API, z *Authorizer, d Decision) {
	id, said := g.ids.request(""), "decision: a policy, number of statements: "+strconv.Itoa(len(d.Policy))
	switch d.Fails {
	case Unauthorized:
		said = "decision: throwing Unauthorized: the token is not known"
	case Crash:
		said = "[ERROR] Error: the sandbox's function failed"
	case MalformedPolicy:
		said = "decision: returning no policy document"
	}
	name := authorizerFunctionName(a, z)
	g.logs.write(a.logGroup(functionGroup(name)), time.Unix(since, 0).UTC().Format("2006/01/02/")+"[$LATEST]"+made(32, "stream", name), g.model.Now().UTC(),
		"START RequestId: "+id+" Version: $LATEST", said, "END RequestId: "+id,
		"REPORT RequestId: "+id+"\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB")
}
