package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// kind is the shape that the service gives to one type of refusal.
type kind struct {
	responseType string // "": no API is known yet, so no owner can customise it
	status       int
	errorType    string
	key          string // the body's only key; capital in policy denials alone
	spaced       bool   // a blank after the colon
	traced       bool   // carries a trace id even without X-Ray
}

// The kinds of refusal, as recorded.
var (
	unrouted         = kind{"", 403, "ForbiddenException", "message", false, false}
	mustUpgrade      = kind{"", 426, "UpgradeRequiredException", "message", false, false}
	unroutedMissing  = kind{"", 403, "MissingAuthenticationTokenException", "message", false, false}
	wafFiltered      = kind{"WAF_FILTERED", 403, "ForbiddenException", "message", false, false}
	missingToken     = kind{"MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", "message", false, false}
	incomplete       = kind{"MISSING_AUTHENTICATION_TOKEN", 403, "IncompleteSignatureException", "message", false, false}
	invalidSignature = kind{"INVALID_SIGNATURE", 403, "InvalidSignatureException", "message", false, false}
	unknownKey       = kind{"INVALID_SIGNATURE", 403, "UnrecognizedClientException", "message", false, false}
	expiredToken     = kind{"EXPIRED_TOKEN", 403, "ExpiredTokenException", "message", false, false}
	notFound         = kind{"RESOURCE_NOT_FOUND", 404, "NotFoundException", "message", false, false}
	accessDenied     = kind{"ACCESS_DENIED", 403, "AccessDeniedException", "Message", false, false}
	notAuthenticated = kind{"UNAUTHORIZED", 401, "UnauthorizedException", "message", false, false}
	invalidAPIKey    = kind{"INVALID_API_KEY", 403, "ForbiddenException", "message", false, true}
	throttled        = kind{"THROTTLED", 429, "TooManyRequestsException", "message", false, true}
	quotaExceeded    = kind{"QUOTA_EXCEEDED", 429, "LimitExceededException", "message", false, true}

	authorizerMisconfigured = kind{"AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", "message", false, false}
	authorizerFailed        = kind{"AUTHORIZER_FAILURE", 500, "AuthorizerFailureException", "message", false, false}

	badParameters        = kind{"BAD_REQUEST_PARAMETERS", 400, "BadRequestException", "message", true, true}
	badBody              = kind{"BAD_REQUEST_BODY", 400, "BadRequestException", "message", true, true}
	unsupportedMediaType = kind{"UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "message", true, true}
	requestTooLarge      = kind{"", 413, "BadRequestException", "message", true, false}

	integration500 = kind{"API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", "message", true, true}
	integration502 = kind{"DEFAULT_5XX", 502, "InternalServerErrorException", "message", true, true}
	integration504 = kind{"INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "message", true, true}
)

// responseTypes are the names under which an owner can customise what this
// package refuses.
var responseTypes = []string{
	"ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
	"INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN",
	"QUOTA_EXCEEDED", "RESOURCE_NOT_FOUND", "THROTTLED", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
}

func (k kind) body(quoted string) []byte {
	space := ""
	if k.spaced {
		space = " "
	}
	return fmt.Appendf(nil, `{"%s":%s%s}`, k.key, space, quoted)
}

// customize applies the owner's gateway response for this type, or the default
// of its class. The error type is not the owner's to change.
func (x *exchange) customize(p *response, no *refusal) {
	if no.kind.responseType == "" || x.api == nil {
		return
	}
	custom, ok := x.api.GatewayResponses[no.kind.responseType]
	if !ok {
		class := "DEFAULT_4XX"
		if no.kind.status >= http.StatusInternalServerError {
			class = "DEFAULT_5XX"
		}
		if custom, ok = x.api.GatewayResponses[class]; !ok {
			return
		}
	}
	if custom.Status != 0 {
		p.status = custom.Status
	}
	if custom.Template != "" {
		p.body = []byte(strings.NewReplacer( // of two names that both fit, the earlier is taken
			"$context.error.messageString", x.quote(no.message),
			"$context.error.message", no.message,
			"$context.error.responseType", no.kind.responseType,
			"$context.error.validationErrorString", no.detail,
			"$context.extendedRequestId", x.extendedID,
			"$context.requestId", x.id,
			"$context.stage", x.stageName,
		).Replace(custom.Template))
	}
	maps.Copy(p.header, custom.Header)
}
