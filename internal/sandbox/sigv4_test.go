package sandbox

import (
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/sigv4-vectors.jsonl
var vectorsJSONL []byte

type vector struct {
	Name    string
	Context struct {
		Credentials struct {
			Secret string `json:"secret_access_key"`
			Token  string
		}
		Region, Service string
		Normalize       *bool
	}
	Canonical    string `json:"header_canonical_request"`
	StringToSign string `json:"header_string_to_sign"`
	Signed       string `json:"header_signed_request"`

	QueryCanonical    string `json:"query_canonical_request"`
	QueryStringToSign string `json:"query_string_to_sign"`
	QuerySigned       string `json:"query_signed_request"`
}

// vectorsThatDoNotApply, and why.
var vectorsThatDoNotApply = map[string]string{
	"botocore/get-header-value-multiline":     "joins folded lines with commas; HTTP and aws-c-auth join them with blanks",
	"botocore/get-vanilla-with-session-token": "its signature is that of get-vanilla, without the token that its canonical request has",
}

// vectorsThatMustApply guards against a reader that skips.
const vectorsThatMustApply = 70

func TestVectors(t *testing.T) {
	vectors := readLines[vector](t, vectorsJSONL)
	applied := 0
	for _, v := range vectors {
		if _, skip := vectorsThatDoNotApply[v.Name]; skip {
			continue
		}
		applied++
		t.Run(v.Name, func(t *testing.T) {
			checkVector(t, v, v.Signed, v.Canonical, v.StringToSign)
		})
		if v.QuerySigned != "" {
			t.Run(v.Name+"/query", func(t *testing.T) {
				checkVector(t, v, v.QuerySigned, v.QueryCanonical, v.QueryStringToSign)
			})
		}
	}
	if applied != vectorsThatMustApply {
		t.Errorf("%d vectors applied, want %d", applied, vectorsThatMustApply)
	}
	for name := range vectorsThatDoNotApply {
		if !slices.ContainsFunc(vectors, func(v vector) bool { return v.Name == name }) {
			t.Errorf("no vector %q", name)
		}
	}
}

// checkVector parses the signed request, reads its credential as the gateway
// does, and recomputes everything.
func checkVector(t *testing.T, v vector, raw, canonical, toSign string) {
	s := parseVector(t, raw)
	var c credential
	var complaint string
	if auth := s.header.Get("Authorization"); auth != "" {
		c, complaint = parseAuthorization(auth, s.header.Get("X-Amz-Date"), false)
	} else {
		x := &exchange{query: s.query}
		c, complaint = parsePresigned(x.queryValues())
	}
	if complaint != "" {
		t.Fatal(complaint)
	}
	if v.Context.Normalize == nil || *v.Context.Normalize {
		s.path = normalizePath(s.path)
	}
	if strings.Contains(v.Name, "post-sts-header-after") && c.presigned {
		// This signer adds the token to a URL that is already signed.
		s.query, _, _ = strings.Cut(s.query, "&X-Amz-Security-Token=")
	}
	gotCanonical := s.canonicalRequest(c.signed)
	gotToSign := stringToSign(c.timestamp, c.scopeText(), gotCanonical)
	type outcome struct{ Canonical, StringToSign, Signature string }
	got := outcome{gotCanonical, gotToSign, signature(v.Context.Credentials.Secret, c.scopeText(), gotToSign)}
	want := outcome{canonical, toSign, c.signature}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func parseVector(t *testing.T, raw string) signable {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	s := signable{method: method, header: http.Header{}, body: []byte(strings.TrimSuffix(body, "\n"))}
	s.path, s.query, _ = strings.Cut(target, "?")
	last := ""
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, " ") { // folded
			values := s.header[last]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		last = http.CanonicalHeaderKey(name)
		s.header.Add(name, strings.TrimSpace(value))
	}
	s.host = s.header.Get("Host")
	return s
}

func FuzzCanonicalRequest(f *testing.F) {
	for _, v := range readLines[vector](f, vectorsJSONL) {
		s := parseVector(&testing.T{}, v.Signed)
		f.Add(s.method, s.path, s.query, s.header.Get("My-Header1"), s.body)
	}
	f.Add("GET", "//a/../%", "a=%zz&&=&b=+", "  x  y ", []byte{0xff})
	f.Fuzz(func(t *testing.T, method, path, query, value string, body []byte) {
		s := signable{method: method, path: path, query: query, host: "h", header: http.Header{"X": {value}}, body: body}
		names := []string{"host", "x"}
		once := s.canonicalRequest(names)
		if twice := s.canonicalRequest(names); once != twice {
			t.Errorf("not deterministic: %q, then %q", once, twice)
		}
		if q := canonicalQuery(query); q != canonicalQuery(q) && !strings.Contains(q, "X-Amz-Signature") {
			t.Errorf("a canonical query is not its own canonical form: %q", q)
		}
		if p := normalizePath(path); p != normalizePath(p) {
			t.Errorf("a normal path is not its own normal form: %q", p)
		}
	})
}

func FuzzAuthorizationHeader(f *testing.F) {
	f.Add("Bearer abc", "20261121T120000Z")
	f.Add("mock", "")
	f.Add("Basic dXNlcjpwYXNz=", "")
	f.Add("a=b c=d", "")
	f.Add(algorithm+" Credential=AKIA/20261121/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20261121T120000Z")
	f.Fuzz(func(t *testing.T, value, date string) {
		for _, old := range []bool{false, true} {
			c, complaint := parseAuthorization(value, date, old)
			again, complaintAgain := parseAuthorization(value, date, old)
			if diff := cmp.Diff(c, again, cmp.AllowUnexported(credential{})); diff != "" || complaint != complaintAgain {
				t.Errorf("not deterministic: %q, then %q\n%s", complaint, complaintAgain, diff)
			}
			if complaint == "" && (c.accessKeyID() == "" && c.signature == "") {
				t.Errorf("accepted %q without a credential", value)
			}
		}
	})
}
