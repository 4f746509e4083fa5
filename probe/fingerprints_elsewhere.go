package probe

import (
	"regexp"
	"strings"
)

// behindTheDoor are the readings of a refusal whose error type may have been taken off on the way: any layer of the
// gateway.
var behindTheDoor = []possibility{
	maybe(Stage, "unknown-stage", ifErrorTypeStripped, ifTypesHidden),
	maybe(Domain, "no-base-path-mapping", ifCustomDomain, ifErrorTypeStripped, ifTypesHidden),
	maybe(WAF, "waf-blocked", ifErrorTypeStripped, ifTypesHidden),
	maybe(RouteLayer, "no-such-resource", ifErrorTypeStripped, ifTypesHidden),
	maybe(ResourcePolicy, "resource-policy-implicit-deny", ifErrorTypeStripped, ifTypesHidden),
	maybe(IAMAuthentication, "unsigned-to-iam", ifUnsigned, ifErrorTypeStripped, ifTypesHidden),
	maybe(IAMAuthentication, "signature-mismatch", ifSigned, ifErrorTypeStripped, ifTypesHidden),
	maybe(LambdaAuthorizer, "lambda-authorizer-deny", ifErrorTypeStripped, ifTypesHidden),
	maybe(CognitoAuthorizer, "cognito-token-invalid", ifErrorTypeStripped, ifTypesHidden),
	maybe(JWTAuthorizer, "jwt-invalid", ifErrorTypeStripped, ifTypesHidden),
	maybe(IAMAuthorization, "iam-implicit-deny", ifErrorTypeStripped, ifTypesHidden),
	maybe(APIKeyLayer, "missing-api-key", ifNoKey, ifErrorTypeStripped, ifTypesHidden),
	maybe(APIKeyLayer, "invalid-api-key", ifKeySent, ifErrorTypeStripped, ifTypesHidden),
	maybe(UsagePlan, "throttled", ifErrorTypeStripped, ifTypesHidden),
	maybe(RequestValidation, "bad-request-parameters", ifErrorTypeStripped, ifTypesHidden),
	maybe(Integration, "integration-failure", ifErrorTypeStripped, ifTypesHidden),
}

// anyLayer are the readings of a text of the gateway that came without its headers.
var anyLayer = func() []possibility {
	out := []possibility{
		maybe(Stage, "unknown-stage"), maybe(Domain, "no-base-path-mapping", ifCustomDomain),
		maybe(Domain, "default-endpoint-disabled", ifDefaultHost), maybe(TLS, "mtls-untrusted-cert", ifCustomDomain, ifCurrentCertificate),
		maybe(TLS, "mtls-expired-cert", ifCustomDomain, ifExpiredCertificate),
		maybe(Backend, "backend-error"), maybe(Edge, "not-api-gateway", ifNoGatewayID),
	}
	for _, p := range behindTheDoor[2:] {
		kept := possibility{Candidate: p.Candidate}
		for _, c := range p.conditions {
			if c.because != ifTypesHidden.because {
				kept.conditions = append(kept.conditions, c)
			}
		}
		out = append(out, kept)
	}
	return out
}()

// elsewhere are the shapes of answers that bear no error type: of a backend, of what stands in front, and of no answer.
// They are tried after [fingerprints].
var elsewhere = []fingerprint{
	{
		name: "success-that-may-be-a-refusal", grade: Inferred, source: "developer guide: a gateway response may have any status",
		when:   disguisable,
		atMost: "a refusal may have any status, and nothing shows that error types get through here", candidates: disguised,
	},
	{
		name: "certificate-wanted", grade: Documented, source: "RFC 8446, alerts 42, 46, 48 and 116 after CertificateRequest",
		when: func(x *exchange) bool { return x.obs.Error != nil && x.obs.Error.Kind == "certificate-wanted" },
		candidates: []possibility{maybe(TLS, "mtls-no-certificate", ifNoCertificate), maybe(TLS, "mtls-untrusted-cert", ifCertificateSent, ifCurrentCertificate),
			maybe(TLS, "mtls-expired-cert", ifCertificateSent, ifExpiredCertificate)},
	},
	{
		name: "certificate-dropped", grade: Documented, source: "knowledge centre: without a certificate the connection is dropped",
		when:   func(x *exchange) bool { return x.obs.Error != nil && x.obs.Error.Kind == "certificate-dropped" },
		atMost: "a connection is dropped for other reasons, too",
		candidates: []possibility{
			maybe(TLS, "mtls-no-certificate", ifNoCertificate), maybe(TLS, "mtls-untrusted-cert", ifCertificateSent, ifCurrentCertificate),
			maybe(TLS, "mtls-expired-cert", ifCertificateSent, ifExpiredCertificate),
			maybe(Network, "no-answer", ifLessLikely),
		},
	},
	{
		name: "certificate-of-server", grade: Recorded, source: "serverless-samples-nlb-cert-mismatch",
		when: func(x *exchange) bool { return x.obs.Error != nil && x.obs.Error.Kind == "certificate" },
		candidates: []possibility{
			maybe(TLS, "tls-certificate-name-mismatch"), maybe(Network, "no-answer", ifLessLikely), maybe(Edge, "not-api-gateway", ifLessLikely),
		},
	},
	{
		name: "proxy-refused", grade: Documented, source: "RFC 9110, section 9.3.6: no tunnel but after a success",
		when:       func(x *exchange) bool { return x.obs.Error != nil && x.obs.Error.Kind == "proxy-refused" },
		candidates: []possibility{maybe(Edge, "proxy-refused")},
	},
	{
		name: noAnswer, grade: Documented, source: "developer guide: a deleted API or a private name does not resolve",
		when:   func(x *exchange) bool { return x.obs.Error != nil },
		atMost: "no answer came that could name anybody",
		candidates: []possibility{
			maybe(Network, "no-answer"), maybe(TLS, "tls-handshake-failed"), maybe(Domain, "private-api-wrong-host"),
			maybe(Edge, "not-api-gateway", ifLessLikely), maybe(Backend, "backend-error", ifLessLikely),
		},
	},
	{
		// A non-proxy integration can hide a refusal of its backend, or its own failure, under a success.
		name: "refusal-under-success", grade: Recorded, source: "gateway-behind-gateway-200-forbidden, nhtsa-timeout-200",
		message: hiddenRefusal,
		when:    func(x *exchange) bool { return x.obs.Status >= 200 && x.obs.Status < 300 && x.obs.ErrorType == "" },
		atMost:  "the status says success",
		candidates: []possibility{
			maybe(Backend, "backend-own-403"), maybe(Integration, "integration-timeout"),
			maybe(Edge, "not-api-gateway", ifNoGatewayID),
		},
	},
	{
		// An owner's CDN may take the gateway's headers off: the text alone does not name the layer.
		name: "gateway-text-only", grade: Inferred, source: "attribution method, C32", byText: true,
		message: gatewayTexts,
		when: func(x *exchange) bool {
			return x.obs.Status >= 400 && x.obs.HeadersComplete && !transparent(x) && x.api != HTTP
		},
		atMost: "the gateway's headers are missing", candidates: anyLayer,
	},
	{
		name: "answer-of-the-backend", grade: Recorded, source: "soar-node-backend-403, pwnedlabs-backend-405",
		when: func(x *exchange) bool {
			return x.obs.Status >= 300 && x.obs.HeadersComplete && x.obs.ErrorType == "" && x.obs.ExtendedRequestID != ""
		},
		atMost:     "that the gateway would have named an error type is what recordings show, not what is documented",
		candidates: append([]possibility{maybe(Backend, "backend-error")}, behindTheDoor...),
	},
	{
		name: "cloudfront-page", grade: Recorded, source: "cf-waf-sqli-headers",
		when: func(x *exchange) bool {
			return x.obs.Status >= 400 && x.obs.GatewayID() == "" && strings.EqualFold(x.obs.Header("server"), "CloudFront")
		},
		atMost: "CloudFront words several refusals alike",
		candidates: []possibility{
			maybe(Edge, "cloudfront-blocked"), maybe(Edge, "waf-at-edge"), maybe(WAF, "waf-blocked", ifLessLikely),
		},
	},
	{
		name: "cloudfront-request-blocked", grade: Recorded, source: "cf-waf-private-page",
		when:       func(x *exchange) bool { return cloudFrontPage.MatchString(x.obs.Body) },
		atMost:     "CloudFront words several refusals alike",
		candidates: []possibility{maybe(Edge, "waf-at-edge"), maybe(Edge, "cloudfront-blocked"), maybe(WAF, "waf-blocked", ifLessLikely)},
	},
	{
		name: "load-balancer", grade: Recorded, source: "sp-alb-404",
		when: func(x *exchange) bool {
			return x.obs.Status >= 400 && x.obs.GatewayID() == "" && x.obs.RequestID == "" && strings.HasPrefix(x.obs.Header("server"), "awselb/")
		},
		atMost:     "a load balancer may also stand behind the API",
		candidates: []possibility{maybe(Edge, "alb-fixed-response"), maybe(Backend, "backend-error", ifLessLikely)},
	},
	{
		name: "too-large-for-the-parser", grade: Recorded, source: "lgtm-413-10mb",
		when: func(x *exchange) bool {
			return x.obs.HeadersComplete && x.obs.GatewayID() == "" && (x.obs.Status == 413 || x.obs.Status == 414 || x.obs.Status == 431)
		},
		atMost: "the parser's answers bear no id",
		candidates: []possibility{
			maybe(RequestValidation, "request-too-large"), maybe(Integration, "request-too-large", ifLessLikely),
			maybe(Edge, "not-api-gateway", ifLessLikely), maybe(Backend, "backend-error", ifLessLikely),
		},
	},
	{
		name: "page-in-place-of-the-answer", grade: Inferred, source: "attribution method, C5",
		when: func(x *exchange) bool {
			return x.obs.Status >= 200 && x.obs.Status < 400 && x.obs.HeadersComplete && x.obs.GatewayID() == ""
		},
		candidates: append([]possibility{
			maybe(Edge, "cloudfront-error-page-masks-origin"), maybe(Edge, "not-api-gateway"), maybe(None, "accepted"),
		}, anyLayer...),
	},
	{
		name: "no-id-of-the-gateway", grade: Inferred, source: "attribution method, section 3.4, row 36",
		when: func(x *exchange) bool {
			return x.obs.HeadersComplete && x.obs.Status >= 400 && x.obs.GatewayID() == "" && x.obs.RequestID == ""
		},
		atMost: "anything may answer so",
		candidates: append([]possibility{
			maybe(Edge, "not-api-gateway"), maybe(Backend, "backend-error", ifLessLikely),
		}, behindTheDoor...),
	},
}

// hiddenRefusal are whole messages that only a gateway words.
var hiddenRefusal = regexp.MustCompile(`^(Forbidden|Missing Authentication Token|Unauthorized|Endpoint request timed out|Too Many Requests|Limit Exceeded)$`)

var cloudFrontPage = regexp.MustCompile(`(?s)Generated by cloudfront|The request could not be satisfied`)
