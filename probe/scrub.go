package probe

import "regexp"

// secretPlaces are where a secret stands in a text, whatever it is: what others recorded holds secrets that nobody
// told us. The group that is named secret is taken out.
var secretPlaces = []*regexp.Regexp{
	// Header lines, also in a signature dump and in the maps of an execution log.
	regexp.MustCompile(`(?i)(?:x-amz-security-token|x-api-key|authorization|cookie)\\?["']?\s*[:=]\s*\\?["']?(?P<secret>[^"'\n\r\\]{2,})`),
	// What the gateway quotes of an Authorization header that it could not read. A digest is no secret.
	regexp.MustCompile(`'(?P<secret>[^'\n]+)' not a valid key=value pair`),
	regexp.MustCompile(`in Authorization header: '(?P<secret>[^'\n]+)'`),
	regexp.MustCompile(`(?i)(?:X-Amz-Signature|X-Amz-Security-Token|Signature)=(?P<secret>[^&,\s"'\\]+)`),
	regexp.MustCompile(`(?i)[?&](?:access_token|id_token|refresh_token|token|api_?key|key|secret|password|code|sig)=(?P<secret>[^&#\s"'\\]+)`),
	regexp.MustCompile(`(?i)(?:Bearer|Basic)\s+(?P<secret>[A-Za-z0-9+/=._~-]{8,})`),
	regexp.MustCompile(`(?P<secret>eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4})`), // a JSON Web Token
}

// scrub takes out of a text whatever stands where secrets stand.
func scrub(s string) string {
	for _, place := range secretPlaces {
		secret := place.SubexpIndex("secret")
		var out []byte
		done := 0
		for _, m := range place.FindAllStringSubmatchIndex(s, -1) {
			from, to := m[2*secret], m[2*secret+1]
			out = append(append(out, s[done:from]...), redacted...)
			done = to
		}
		if done > 0 {
			s = string(append(out, s[done:]...))
		}
	}
	return s
}
