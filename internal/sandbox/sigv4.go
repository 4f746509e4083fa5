package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// Signature Version 4, in the names of its specification. This is the
// verifier's side: it starts from the bytes that arrived and must never be
// replaced by a signing library, or a mistake would cancel itself out.

const algorithm = "AWS4-HMAC-SHA256"

// signable is the part of a request that a signature covers.
type signable struct {
	method, path, query string // path and query as received
	host                string
	header              http.Header
	body                []byte
}

// canonicalRequest renders the request with these headers, which must be sorted
// and lower-case.
func (s signable) canonicalRequest(signed []string) string {
	var b strings.Builder
	b.WriteString(s.method + "\n" + escape(s.path, true) + "\n" + canonicalQuery(s.query) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + s.canonicalValue(name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hash(string(s.body)))
	return b.String()
}

func (s signable) canonicalValue(name string) string {
	if name == "host" {
		return s.host
	}
	values := slices.Clone(s.header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// canonicalQuery sorts the parameters by encoded name, then by encoded value.
// What comes encoded is decoded first, a plus sign to a blank. The signature
// itself, of a presigned URL, cannot be part of it.
func canonicalQuery(query string) string {
	var pairs [][2]string
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = escape(unescape(name), false), escape(unescape(value), false)
		if name != "X-Amz-Signature" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=" + p[1]
	}
	return strings.Join(parts, "&")
}

// escape encodes all but the unreserved characters. A path that is already
// encoded is thus encoded once more, which is what execute-api wants.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// unescape decodes a query component. Unlike the standard library's it leaves
// what is not an escape as it is, so that no input fails.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.WriteByte(c[0])
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// normalizePath removes empty and dot segments, as SDKs do before they sign.
func normalizePath(path string) string {
	var out []string
	for _, s := range strings.Split(path, "/") {
		switch s {
		case "", ".":
		case "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, s)
		}
	}
	normal := "/" + strings.Join(out, "/")
	if len(out) > 0 && strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}

// stringToSign binds the canonical request to its time and scope.
func stringToSign(timestamp, scope, canonicalRequest string) string {
	return algorithm + "\n" + timestamp + "\n" + scope + "\n" + hash(canonicalRequest)
}

// signature signs with the key that the secret derives for the scope.
func signature(secret, scope, stringToSign string) string {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, stringToSign))
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

func hash(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}
