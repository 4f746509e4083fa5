package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// executionLines are what the execution log of a stage says about one request.
// What was refused before the method was known is not in it.
func (x *exchange) executionLines(answer *response) []string {
	if x.route == nil {
		return nil
	}
	lines := []string{"Extended Request Id: " + x.extendedID}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	reached := func(layer string) bool { return x.layer == layer || slices.Contains(x.trail, layer) }

	if x.route.Authorization == Custom && reached("lambda-authorizer") {
		lines = append(lines, x.authorizerLines()...)
	}
	if x.layer == "cognito-authorizer" {
		add("Unauthorized request: %s", x.loggedID())
	}
	switch x.layer {
	case "iam-authorization", "resource-policy":
		add("The client is not authorized to perform this operation.")
	case "iam-authentication":
		add("%s", x.refused.message)
	}
	if x.keyChecked {
		lines = append(lines, x.usageLines()...)
	}
	if x.layer == "none" || x.layer == "backend" || x.layer == "integration" || x.layer == "request-validation" {
		add("Starting execution for request: %s", x.loggedID())
		add("HTTP Method: %s, Resource Path: %s", x.r.Method, x.resource)
		lines = append(lines, x.integrationLines(answer)...)
	}
	add("Method completed with status: %d", answer.status)
	for i := range lines {
		lines[i] = "(" + x.loggedID() + ") " + lines[i]
	}
	return lines
}

func (x *exchange) authorizerLines() []string {
	if !x.functionCalled && x.layer == "lambda-authorizer" {
		return nil // for want of an identity nothing is logged
	}
	lines := []string{"Starting authorizer: " + authorizerID(x.api, x.route.Authorizer) + " for request: " + x.loggedID()}
	switch x.cause {
	case "lambda-authorizer-unauthorized":
		return append(lines, "Unauthorized request: "+x.loggedID())
	case "lambda-authorizer-failure", "lambda-authorizer-misconfigured":
		return append(lines, "Execution failed due to configuration error: "+authorizerErrors(x.authorizer(), x.refused), "AuthorizerConfigurationException")
	case "lambda-authorizer-deny":
		return append(lines, "Using valid authorizer policy for principal: **er", "Successfully completed authorizer execution", "The client is not authorized to perform this operation.")
	}
	return append(lines, "Using valid authorizer policy for principal: **er", "Successfully completed authorizer execution")
}

func (x *exchange) usageLines() []string {
	stage, method := x.api.ID+"/"+x.stage.Name, x.r.Method+" "+x.route.Path
	key := x.r.Header.Get("x-api-key")
	shown := ""
	if key != "" {
		shown = strings.Repeat("*", max(0, len(key)-6)) + key[max(0, len(key)-6):]
	}
	lines := []string{"Verifying Usage Plan for request: " + x.loggedID() + ". API Key: " + shown + " API Stage: " + stage}
	switch {
	case !x.route.APIKeyRequired:
		return append(lines, "API Key authorized because method '"+method+"' does not require API Key. Request will not contribute to throttle or quota limits",
			"Usage Plan check succeeded for API Key  and API Stage "+stage)
	case x.layer == "api-key":
		return append(lines, "API Key "+shown+" not authorized because method '"+method+"' requires API Key and API Key is not associated with a Usage Plan for API Stage "+stage+": No Usage Plan found for key and API Stage")
	case x.layer == "usage-plan":
		return append(lines, "API Key "+shown+" not authorized: "+x.refused.message)
	}
	return append(lines, "Usage Plan check succeeded for API Key "+shown+" and API Stage "+stage)
}

func (x *exchange) integrationLines(answer *response) []string {
	switch x.layer {
	case "request-validation":
		return []string{"Request validation failed: " + x.refused.message}
	case "integration":
		return []string{"Execution failed due to configuration error: " + integrationErrors[x.cause]}
	}
	return []string{
		"Sending request to " + integrationTarget(x.api, x.route),
		"Received response. Status: " + strconv.Itoa(answer.status) + ", Integration latency: 1 ms",
		"Successfully completed execution",
	}
}

func integrationTarget(a *API, r *Route) string { return integration(a, r)["uri"].(string) }
