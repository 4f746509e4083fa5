package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// credential is what a request claims about its signature.
type credential struct {
	scope     [5]string // access key id, date, region, service, terminator
	signed    []string  // header names, lower-case and sorted
	signature string
	timestamp string
	token     string
	presigned bool
	expires   string // X-Amz-Expires of a presigned URL
}

func (c *credential) accessKeyID() string { return c.scope[0] }

// scopeText is the scope without the access key, as it is signed.
func (c *credential) scopeText() string { return strings.Join(c.scope[1:], "/") }

// hasCredential tells whether the request is to be treated as signed, well or
// badly. Any Authorization header counts.
func (x *exchange) hasCredential() bool {
	return x.r.Header.Get("Authorization") != "" || x.presigned()
}

func (x *exchange) presigned() bool {
	q := x.queryValues()
	return q.Get("X-Amz-Algorithm") != "" || q.Get("X-Amz-Signature") != ""
}

func (x *exchange) queryValues() url.Values {
	values := url.Values{}
	for part := range strings.SplitSeq(x.query, "&") {
		name, value, _ := strings.Cut(part, "=")
		values.Add(unescape(name), unescape(value))
	}
	return values
}

// credential reads the header, or else the query. The header wins when both are
// there. The message is the service's complaint, empty if there is none.
func (x *exchange) credential() (credential, string) {
	header := x.r.Header.Get("Authorization")
	if header == "" {
		return parsePresigned(x.queryValues())
	}
	date := x.r.Header.Get("X-Amz-Date")
	if date == "" {
		date = x.r.Header.Get("Date")
	}
	c, complaint := parseAuthorization(header, date, x.model.Switches.OldParserWording)
	c.token = x.r.Header.Get("X-Amz-Security-Token")
	return c, complaint
}

// parseAuthorization reads an Authorization header as SigV4, whatever scheme it
// names: the scheme is looked at last. In its older wording the service echoes
// the header, in its newer one it shows a digest.
func parseAuthorization(value, date string, old bool) (credential, string) {
	sum := sha256.Sum256([]byte(value))
	digest := base64.StdEncoding.EncodeToString(sum[:])

	scheme, list, several := strings.Cut(strings.TrimSpace(value), " ")
	if several && strings.Contains(scheme, "=") {
		return credential{}, "Authorization header must begin with the algorithm name, which cannot include an equal-sign"
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, v, ok := strings.Cut(part, "=")
		switch {
		case ok:
			parts[name] = v
		case old:
			return credential{}, "'" + part + "' not a valid key=value pair (missing equal-sign) in Authorization header: '" + value + "'."
		default:
			return credential{}, "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + digest + "'."
		}
	}

	var missing strings.Builder
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[name] == "" {
			missing.WriteString("Authorization header requires '" + name + "' parameter. ")
		}
	}
	if date == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		if old {
			return credential{}, missing.String() + "Authorization=" + value
		}
		return credential{}, missing.String() + "(Hashed with SHA-256 and encoded with Base64) Authorization=" + digest
	}
	if scheme != algorithm {
		return credential{}, "Unsupported AWS 'algorithm': '" + scheme + "'."
	}
	c := credential{signature: parts["Signature"], timestamp: date}
	return c, c.parse(parts["Credential"], parts["SignedHeaders"])
}

// parsePresigned reads the parameters of a presigned URL.
func parsePresigned(q url.Values) (credential, string) {
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if q.Get(name) == "" {
			return credential{}, "AWS query-string parameters must include '" + name + "'. Re-examine the query-string parameters."
		}
	}
	if a := q.Get("X-Amz-Algorithm"); a != algorithm {
		return credential{}, "Unsupported AWS 'algorithm': '" + a + "'."
	}
	c := credential{
		signature: q.Get("X-Amz-Signature"),
		timestamp: q.Get("X-Amz-Date"),
		token:     q.Get("X-Amz-Security-Token"),
		expires:   q.Get("X-Amz-Expires"),
		presigned: true,
	}
	return c, c.parse(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"))
}

func (c *credential) parse(scope, signed string) string {
	fields := strings.Split(scope, "/")
	if len(fields) != len(c.scope) {
		return "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + scope + "'"
	}
	copy(c.scope[:], fields)
	c.signed = strings.Split(strings.ToLower(signed), ";")
	slices.Sort(c.signed)
	return ""
}
