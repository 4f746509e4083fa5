package capture

import (
	"testing"

	"apigwprobe/probe"
)

// TestKinds: the variables of HTTP and WebSocket APIs say which layers there are.
func TestKinds(t *testing.T) {
	const (
		http   = `"requestId":"r","extendedRequestId":"r","routeKey":"GET /x","httpMethod":"GET"`
		socket = `"requestId":"r","extendedRequestId":"r","routeKey":"$connect","eventType":"CONNECT"`
	)
	for name, test := range map[string]struct {
		entry string
		want  conclusion
	}{
		"HTTP, the authorizer's error": {
			http + `,"status":"403","error.message":"Forbidden","authorizer.error":"The client is not authorized to perform this operation."`,
			conclusion{probe.LambdaAuthorizer, probe.Ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.JWTAuthorizer}},
		},
		"HTTP, no error of an authorizer": {
			http + `,"status":"403","error.message":"Forbidden","error.responseType":"ACCESS_DENIED"`,
			conclusion{probe.LambdaAuthorizer, probe.Ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.JWTAuthorizer, probe.IAMAuthorization}},
		},
		"HTTP, the authorizer's error of what was accepted": {
			http + `,"status":"200","integration.status":"200","authorizer.error":"x"`,
			conclusion{probe.None, probe.Likely, []probe.Layer{probe.None}},
		},
		"HTTP, the integration's error": {
			http + `,"status":"500","error.message":"Internal Server Error","integrationErrorMessage":"The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration."`,
			conclusion{probe.Integration, probe.Likely, []probe.Layer{probe.Integration}},
		},
		"HTTP, backend": {http + `,"status":"404","integration.status":"404"`, conclusion{probe.Backend, probe.Likely, []probe.Layer{probe.Backend}}},
		"WebSocket, a policy of the authorizer or of IAM": {
			socket + `,"status":"403","error.responseType":"ACCESS_DENIED","authorize.status":"403"`,
			conclusion{probe.LambdaAuthorizer, probe.Ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.IAMAuthorization}},
		},
		"WebSocket, a policy after a signature": {
			socket + `,"status":"403","error.responseType":"ACCESS_DENIED","authenticate.status":"200","authorize.status":"403"`,
			conclusion{probe.IAMAuthorization, probe.Likely, []probe.Layer{probe.IAMAuthorization}},
		},
		"WebSocket, API key": {socket + `,"status":"403","error.responseType":"INVALID_API_KEY"`, conclusion{probe.APIKeyLayer, probe.Certain, []probe.Layer{probe.APIKeyLayer}}},
		"WebSocket, the authorizer": {
			socket + `,"status":"401","error.responseType":"UNAUTHORIZED","authorizer.status":"401"`,
			conclusion{probe.LambdaAuthorizer, probe.Likely, []probe.Layer{probe.LambdaAuthorizer}},
		},
		"WebSocket, a message": {
			`"requestId":"r","connectionId":"c","eventType":"MESSAGE","routeKey":"send","status":"403","error.message":"Forbidden"`,
			conclusion{probe.APIKeyLayer, probe.Ambiguous, nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.check(t, "{"+test.entry+"}")
		})
	}
}
