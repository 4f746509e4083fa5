package sandbox

import (
	"crypto/hmac"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	service    = "execute-api"
	terminator = "aws4_request"

	isoBasic = "20060102T150405Z"
	// window is narrower than that of most services.
	window = 5 * time.Minute
)

// checkSignature authenticates the caller. The order of its steps shows in which
// of several faults is reported.
func checkSignature(x *exchange) *refusal {
	if !x.hasCredential() {
		cause := "unsigned-to-iam"
		if stripped(x.r, "Authorization") {
			cause = "credential-stripped"
		}
		return &refusal{cause: cause, kind: missingToken, message: "Missing Authentication Token"}
	}
	c, complaint := x.credential()
	if complaint != "" {
		return x.incomplete(complaint)
	}
	at, err := time.Parse(isoBasic, c.timestamp)
	if err != nil || len(c.timestamp) != len(isoBasic) { // Parse takes fractions of a second that the layout lacks
		return x.incomplete("Date must be in ISO-8601 'basic format'. Got '" + c.timestamp + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	if no := x.checkScope(&c); no != nil {
		return no
	}
	steps := []func() *refusal{
		func() *refusal { return x.checkClock(&c, at) },
		func() *refusal { return x.checkCaller(&c) },
		func() *refusal { return x.compareSignature(&c) },
	}
	if x.model.Switches.MismatchBeforeExpiry {
		steps = append(steps[1:], steps[0])
	}
	for _, step := range steps {
		if no := step(); no != nil {
			return no
		}
	}
	x.caller = x.principal(c.accessKeyID())
	return nil
}

func (x *exchange) incomplete(message string) *refusal {
	k := incomplete
	if x.model.Switches.IncompleteIsInvalidSignature {
		k.responseType = invalidSignature.responseType
	}
	return &refusal{cause: "incomplete-authorization-header", kind: k, message: message}
}

// checkScope reports all mistakes of the scope in one message. The first names
// the cause.
func (x *exchange) checkScope(c *credential) *refusal {
	date, region, svc, term := c.scope[1], c.scope[2], c.scope[3], c.scope[4]
	var causes []string
	var message strings.Builder
	if region != x.api.Region {
		causes = append(causes, "credential-scope-wrong-region")
		message.WriteString("Credential should be scoped to a valid region")
		if x.model.Switches.ScopeQuotesRegion {
			message.WriteString(", not '" + region + "'")
		}
		message.WriteString(". ")
	}
	if svc != service {
		causes = append(causes, "credential-scope-wrong-service")
		message.WriteString("Credential should be scoped to correct service: '" + service + "'. ")
	}
	if term != terminator {
		causes = append(causes, "credential-scope-wrong-terminator")
		message.WriteString("Credential should be scoped with a valid terminator: '" + terminator + "'. ")
	}
	if date != c.timestamp[:8] {
		causes = append(causes, "credential-scope-wrong-date")
		message.WriteString("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ")
	}
	if len(causes) == 0 {
		return nil
	}
	return &refusal{cause: causes[0], kind: invalidSignature, message: message.String()}
}

func (x *exchange) checkClock(c *credential, at time.Time) *refusal {
	valid := window
	if s, err := strconv.Atoi(c.expires); err == nil && s > 0 && x.model.Switches.HonourExpires {
		valid = time.Duration(s) * time.Second
	}
	now := x.now.Truncate(time.Second)
	earliest, latest := now.Add(-valid), now.Add(window)
	no := &refusal{kind: invalidSignature}
	switch {
	case at.Before(earliest):
		no.cause = "signature-expired"
		no.message = fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			c.timestamp, earliest.Format(isoBasic), now.Format(isoBasic), int(valid.Minutes()))
	case at.After(latest):
		no.cause = "signature-not-yet-current"
		no.message = fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			c.timestamp, latest.Format(isoBasic), now.Format(isoBasic), int(window.Minutes()))
	default:
		return nil
	}
	return no
}

// checkCaller looks the access key up and, for a session, the token.
func (x *exchange) checkCaller(c *credential) *refusal {
	p := x.principal(c.accessKeyID())
	if p == nil || p.SessionToken != c.token {
		no := &refusal{cause: "unknown-access-key", kind: unknownKey, message: "The security token included in the request is invalid."}
		if p != nil {
			no.cause = "invalid-session-token"
		}
		if t := x.model.Switches.UnknownKeyErrorType; t != "" {
			no.kind.errorType = t
		}
		return no
	}
	if !p.Expires.IsZero() && !x.now.Before(p.Expires) {
		no := &refusal{cause: "expired-session-token", kind: expiredToken, message: "The security token included in the request is expired"}
		if x.model.Switches.ExpiredTokenIsInvalidSignature {
			no.kind = invalidSignature
		}
		return no
	}
	return nil
}

func (x *exchange) compareSignature(c *credential) *refusal {
	if !slices.Contains(c.signed, "host") {
		return &refusal{cause: "signature-mismatch", kind: invalidSignature,
			message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}
	}
	signed := c.signed
	const tokenHeader = "x-amz-security-token"
	if x.model.Switches.UnsignedTokenRefused && c.token != "" && !c.presigned && !slices.Contains(signed, tokenHeader) {
		// What should have been signed is then not what was.
		signed = append(slices.Clone(signed), tokenHeader)
		slices.Sort(signed)
	}
	s := signable{method: x.r.Method, path: x.path, query: x.query, host: x.r.Host, header: x.r.Header, body: x.body}
	if x.model.Switches.NormalizePath {
		s.path = normalizePath(s.path)
	}
	canonical := s.canonicalRequest(signed)
	toSign := stringToSign(c.timestamp, c.scopeText(), canonical)
	want := signature(x.principal(c.accessKeyID()).SecretKey, c.scopeText(), toSign)
	if hmac.Equal([]byte(want), []byte(c.signature)) {
		return nil
	}
	message := "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	if !x.model.Switches.NoCanonicalDump {
		message += "\n\nThe Canonical String for this request should have been\n'" + canonical +
			"'\n\nThe String-to-Sign should have been\n'" + toSign + "'\n"
	}
	return &refusal{cause: "signature-mismatch", kind: invalidSignature, message: message}
}
