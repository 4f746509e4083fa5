package sandbox

import "net/http"

// integrate calls the backend of the route and tells an answer of the
// application from a failure of the way to it.
func (x *exchange) integrate() *response {
	if len(x.body) > maxFunctionBody && x.route.Backend.Kind != HTTPProxy {
		return x.refuse("integration", &tooLargeForFunction)
	}
	answer, failed := backends[x.route.Backend.Kind](x, &x.route.Backend)
	if failed != nil {
		return x.refuse("integration", failed)
	}
	x.layer, x.cause = "none", "accepted"
	if answer.status >= http.StatusBadRequest {
		x.layer, x.cause = "backend", backendCause(answer.status)
	}
	switch {
	case x.family() == HTTP:
		return x.signedHTTP(answer, "Apigw-Requestid")
	case x.family() == WebSocket && answer.status < http.StatusMultipleChoices:
		return x.connected()
	}
	return x.signed(answer)
}

// A Lambda function that cannot be called, throws, answers nonsense or does not
// answer fails in ways that all carry the same error type.
var (
	lambdaPermissionMissing = refusal{cause: "lambda-permission-missing", kind: integration500, message: "Internal server error"}
	lambdaThrottled         = refusal{cause: "lambda-throttled", kind: integration500, onHTTP: 503, message: "Internal server error"}
	lambdaThrows            = refusal{cause: "integration-failure", kind: integration502, onHTTP: 500, message: "Internal server error"}
	lambdaMalformed         = refusal{cause: "malformed-lambda-proxy-response", kind: integration502, onHTTP: 500, message: "Internal server error"}
	endpointTimeout         = refusal{cause: "integration-timeout", kind: integration504, onHTTP: 503, message: "Endpoint request timed out"}
	invalidEndpoint         = refusal{cause: "integration-failure", kind: integration500, message: "Internal server error"}
)

func fails(with refusal) func(*exchange, *Backend) (*response, *refusal) {
	return func(*exchange, *Backend) (*response, *refusal) { return nil, &with }
}
