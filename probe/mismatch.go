package probe

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// canonicalEcho is the canonical request that a signature mismatch shows as the gateway computed it (reference: SigV4
// troubleshooting in the IAM guide; recorded on API Gateway since 2016). Old answers are cut off before its end.
var canonicalEcho = regexp.MustCompile(`(?s)The Canonical String for this request should have been\s*\\?'(.*?)(?:\\?'\s*(?:The String-to-Sign|$)|$)`)

// explainMismatch says why a signature that was made as it should be did not match, from the canonical request that
// the gateway shows beside the one that was signed.
func explainMismatch(x *exchange) string {
	r := x.req
	if r == nil || !x.headKnown() || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return ""
	}
	m := canonicalEcho.FindStringSubmatch(x.obs.fullMessage())
	switch {
	case m == nil && !x.c.Control:
		return "" // it was made not to match
	case m == nil:
		return "the gateway does not show what it would have signed; look at the secret access key first, then at what may " +
			"rewrite the Host header, the path or a signed header on the way"
	}
	theirs := strings.Split(strings.TrimRight(m[1], "\n"), "\n")
	ours := r.canonical()
	for i, our := range ours {
		if i >= len(theirs) {
			break
		}
		if their := theirs[i]; our != their && !strings.Contains(their, redacted) {
			if x.recorded && (i == 2 || !strings.Contains(our, ":") && i > 2) {
				return "" // nobody knows which parameters are secret, and the body is not known
			}
			return firstDifference(i, our, their)
		}
	}
	if len(theirs) != len(ours) {
		return "as far as the gateway shows its canonical request it is the one that was signed"
	}
	same := "the gateway computed the same canonical request: what was sent is what arrived"
	if x.c.Control {
		same += ", so the secret access key is not that of the access key"
	}
	return same
}

// firstDifference explains a line of the canonical request in which the gateway's differs from ours.
func firstDifference(line int, our, their string) string {
	switch line {
	case 0:
		return fmt.Sprintf("the gateway saw the method %q, %q was signed: something on the way changed it", their, our)
	case 1:
		return fmt.Sprintf("the gateway saw the path %q, %q was signed: a proxy or a CDN decodes, normalises or moves the path", their, our)
	case 2:
		return fmt.Sprintf("the gateway saw the query %q, %q was signed: a proxy or a CDN reorders, re-encodes or drops parameters", their, our)
	}
	name, ourValue, header := strings.Cut(our, ":")
	theirName, theirValue, _ := strings.Cut(their, ":")
	switch {
	case !header:
		return "the hash of the body or the list of signed headers differs: the body was changed on the way"
	case name != theirName:
		return fmt.Sprintf("the signed header %q did not arrive", name)
	case name == "host":
		return fmt.Sprintf("the gateway saw the Host %q, %q was signed: something on the way rewrites the Host header", theirValue, ourValue)
	default:
		return fmt.Sprintf("the signed header %q arrived with another value", name)
	}
}

// canonical are the lines of the canonical request of SigV4, for a service that encodes the path once more.
func (r *Request) canonical() []string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	query := strings.Split(u.RawQuery, "&")
	slices.Sort(query)
	lines := []string{r.Method, encodeAgain(path), strings.Join(query, "&")}
	for _, name := range strings.Split(list, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	sum := sha256.Sum256(r.Body)
	return append(lines, "", list, hex.EncodeToString(sum[:]))
}

// encodeAgain percent-encodes every byte of a path but the unreserved ones and slashes.
func encodeAgain(path string) string {
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// headerDigest is how newer answers of the header parser name what they could not read: by the Base64 of its SHA-256
// (bold-xapikey-in-authorization).
var headerDigest = regexp.MustCompile(`(?i)hashed with SHA-256 and encoded with Base64\)[^A-Za-z0-9]*(?:Authorization=)?([A-Za-z0-9+/]{43}=)`)

// explainHeader says whether the Authorization header that the parser refused is the one that was sent.
func explainHeader(x *exchange) string {
	m := headerDigest.FindStringSubmatch(x.obs.fullMessage())
	if x.req == nil || !x.headKnown() || m == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(x.req.Header.Get("Authorization")))
	if m[1] == base64.StdEncoding.EncodeToString(sum[:]) {
		return "the digest in the answer is that of the Authorization header that was sent: it arrived unchanged"
	}
	return "the digest in the answer is not that of the Authorization header that was sent: something on the way changed it"
}

// headKnown reports whether the headers that were sent are at hand.
func (x *exchange) headKnown() bool { return !x.replayed && (!x.recorded || x.whole) }
