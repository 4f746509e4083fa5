package evidence

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"apigwprobe/probe"
)

// sourceAddress stands in an event for the address of the caller, which nobody knows here.
const sourceAddress = "192.0.2.1"

type object = map[string]any

// event is what API Gateway gives an authorizer's function of the right request.
func (r *route) event(z *authorizer) object {
	switch {
	case z.kind == "TOKEN":
		values, _ := z.identity(r.request)
		return object{"type": "TOKEN", "methodArn": r.methodOfStage(), "authorizationToken": strings.Join(values, ",")}
	case r.api.Type == probe.WebSocket:
		return r.connectEvent()
	case r.api.Type == probe.HTTP && z.payload == "2.0":
		return r.event2(z)
	}
	return r.event1(z)
}

// target is where the right request goes.
func (r *route) target() *url.URL {
	u, err := url.Parse(r.request.URL)
	if err != nil {
		return &url.URL{} // it was written as one
	}
	return u
}

// path is that of the right request, without what stands before the route's.
func (r *route) path() string {
	return strings.TrimPrefix(r.target().EscapedPath(), r.subject.Control.Access.Prefix)
}

// methodOfStage is the ARN of what the right request invokes.
func (r *route) methodOfStage() string {
	return r.methodARN(r.api.Stage, r.subject.Control.Route, r.request.Method, r.path())
}

// event1 is the event of payload format 1.0, which REST APIs have, too.
func (r *route) event1(z *authorizer) object {
	headers, several := first(r.request.Header)
	headers["Host"], several["Host"] = r.request.Host, []string{r.request.Host}
	query, manyQueries := first(r.target().Query())
	_, resource, _ := strings.Cut(r.key, " ")
	path, now := r.path(), r.subject.Crafting.Now.UTC()
	host, _, _ := strings.Cut(r.request.Host, ".")
	out := object{
		"type": "REQUEST", "methodArn": r.methodOfStage(), "resource": resource, "path": path, "httpMethod": r.request.Method,
		"headers": headers, "multiValueHeaders": several, "queryStringParameters": query, "multiValueQueryStringParameters": manyQueries,
		"pathParameters": r.subject.Control.Route.PathParameters, "stageVariables": r.variables,
		"requestContext": object{
			"resourceId": r.id, "resourcePath": resource, "httpMethod": r.request.Method, "path": r.subject.Control.Access.Prefix + path,
			"accountId": r.accountID(), "apiId": r.api.ID, "stage": r.api.Stage, "requestId": r.request.ID, "protocol": "HTTP/1.1",
			"domainName": r.request.Host, "domainPrefix": host, "requestTime": now.Format(clfTime), "requestTimeEpoch": now.UnixMilli(),
			"identity": object{"sourceIp": sourceAddress, "userAgent": r.request.Header.Get("User-Agent")},
		},
	}
	if r.api.Type == probe.HTTP {
		values, _ := z.identity(r.request)
		joined := strings.Join(values, ",")
		out["version"], out["identitySource"], out["authorizationToken"] = "1.0", joined, joined
	}
	return out
}

const clfTime = "02/Jan/2006:15:04:05 -0700"

// event2 is the event of payload format 2.0.
func (r *route) event2(z *authorizer) object {
	headers := map[string]string{"host": r.request.Host}
	for name, values := range r.request.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	query := make(map[string]string)
	for name, values := range r.target().Query() {
		query[name] = strings.Join(values, ",")
	}
	values, _ := z.identity(r.request)
	host, _, _ := strings.Cut(r.request.Host, ".")
	path, now := r.subject.Control.Access.Prefix+r.path(), r.subject.Crafting.Now.UTC()
	return object{
		"version": "2.0", "type": "REQUEST", "routeArn": r.methodOfStage(), "identitySource": values, "routeKey": r.key,
		"rawPath": path, "rawQueryString": r.target().RawQuery, "headers": headers, "queryStringParameters": query,
		"pathParameters": r.subject.Control.Route.PathParameters, "stageVariables": r.variables,
		"requestContext": object{
			"accountId": r.accountID(), "apiId": r.api.ID, "domainName": r.request.Host, "domainPrefix": host, "requestId": r.request.ID,
			"routeKey": r.key, "stage": r.api.Stage, "time": now.Format(clfTime), "timeEpoch": now.UnixMilli(),
			"http": object{
				"method": r.request.Method, "path": path, "protocol": "HTTP/1.1", "sourceIp": sourceAddress, "userAgent": r.request.Header.Get("User-Agent"),
			},
		},
	}
}

// connectEvent is the event of a handshake with a WebSocket API.
func (r *route) connectEvent() object {
	headers, several := first(r.request.Header)
	headers["Host"], several["Host"] = r.request.Host, []string{r.request.Host}
	query, manyQueries := first(r.target().Query())
	now := r.subject.Crafting.Now.UTC()
	return object{
		"type": "REQUEST", "methodArn": r.methodOfStage(), "headers": headers, "multiValueHeaders": several,
		"queryStringParameters": query, "multiValueQueryStringParameters": manyQueries, "stageVariables": r.variables,
		"requestContext": object{
			"routeKey": probe.ConnectRoute, "eventType": "CONNECT", "messageDirection": "IN", "stage": r.api.Stage, "apiId": r.api.ID,
			"domainName": r.request.Host, "requestId": r.request.ID, "extendedRequestId": r.request.ID, "connectionId": r.request.ID,
			"requestTime": now.Format(clfTime), "requestTimeEpoch": now.UnixMilli(), "connectedAt": now.Add(-time.Millisecond).UnixMilli(),
			"identity": object{"sourceIp": sourceAddress},
		},
	}
}

// first are the values of headers or of a query as events have them: one of each name, and all.
func first[M http.Header | url.Values](all M) (one map[string]string, several map[string][]string) {
	one, several = make(map[string]string), make(map[string][]string)
	for name, values := range all {
		if len(values) > 0 {
			one[name], several[name] = values[len(values)-1], values
		}
	}
	return one, several
}
