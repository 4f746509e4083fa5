package sandbox

import (
	"crypto/hmac"
	"net/http"
	"time"
)

// controlWindow is how old a signature of a call may be: more than on the data
// plane.
const controlWindow = 15 * time.Minute

// controlScope is where a call's signature says that it goes.
type controlScope struct{ region, service string }

// authenticate verifies the signature and finds the caller. Which service is
// called stands in the signature alone, since all of them share one address.
func (c *call) authenticate() (controlScope, error) {
	no := func(code, message string) error { return &failure{http.StatusForbidden, code, message} }
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return controlScope{service: "apigateway"}, no("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	got, complaint := parseAuthorization(header, c.r.Header.Get("X-Amz-Date"), false)
	scope := controlScope{got.scope[2], got.scope[3]}
	if complaint != "" {
		return scope, no("IncompleteSignatureException", complaint)
	}
	at, err := time.Parse(isoBasic, got.timestamp)
	if err != nil {
		return scope, no("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got '"+got.timestamp+"'.")
	}
	if d := c.now.Sub(at); d > controlWindow || d < -controlWindow {
		return scope, no("InvalidSignatureException", "Signature expired: "+got.timestamp+" is now earlier than "+c.now.Add(-controlWindow).Format(isoBasic))
	}
	caller := c.principal(got.accessKeyID())
	switch {
	case caller == nil || caller.SessionToken != c.r.Header.Get("X-Amz-Security-Token"):
		return scope, no("UnrecognizedClientException", "The security token included in the request is invalid.")
	case !caller.Expires.IsZero() && !c.now.Before(caller.Expires):
		return scope, no("ExpiredTokenException", "The security token included in the request is expired")
	}
	path, query := rawTarget(c.r)
	s := signable{method: c.r.Method, path: path, query: query, host: c.r.Host, header: c.r.Header, body: c.body}
	toSign := stringToSign(got.timestamp, got.scopeText(), s.canonicalRequest(got.signed))
	if !hmac.Equal([]byte(signature(caller.SecretKey, got.scopeText(), toSign)), []byte(got.signature)) {
		return scope, no("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	c.caller = caller
	return scope, nil
}
