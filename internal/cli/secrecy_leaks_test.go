package cli_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// leakSearch finds secrets in texts by the first eight bytes of every form in which they may stand there.
type leakSearch map[string][]needle

// needle is how the beginning of a secret looks in one form.
type needle struct{ secret, form, text string }

// beginning is how much of a secret counts as the secret. Digests are hexadecimal, of which eight characters are
// equal by chance now and then.
const beginning, beginningOfDigest = 8, 14

// newLeakSearch looks for secrets, by their names.
func newLeakSearch(secrets map[string]string) leakSearch {
	s := make(leakSearch)
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		for form, text := range formsOf(secrets[name]) {
			s[text[:beginning]] = append(s[text[:beginning]], needle{name, form, text})
		}
	}
	return s
}

// formsOf the beginning of a secret: what begins with a secret begins so in each form. In base64 it depends on what
// stands before, modulo three.
func formsOf(secret string) map[string]string {
	start := secret[:beginning]
	if _, err := hex.DecodeString(secret); err == nil {
		start = secret[:beginningOfDigest]
	}
	quoted, _ := json.Marshal(start)
	forms := map[string]string{
		"raw":                start,
		"URL-encoded":        url.QueryEscape(start),
		"path-encoded":       url.PathEscape(start),
		"JSON":               string(quoted[1 : len(quoted)-1]),
		"HTML":               html.EscapeString(start),
		"hexadecimal":        hex.EncodeToString([]byte(start)),
		"HEXADECIMAL":        strings.ToUpper(hex.EncodeToString([]byte(start))),
		"JSON, not for HTML": strings.Trim(fmt.Sprintf("%q", start), `"`),
		"quoted by shell":    strings.ReplaceAll(start, "'", `'\''`),
	}
	for shift, name := range []string{"base64", "base64 after one byte", "base64 after two bytes"} {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), start...))
		// Bits of the neighbours are mixed into the first and the last characters.
		encoded = encoded[(shift*8+5)/6 : (shift+len(start))*8/6]
		forms[name] = encoded
		forms[name+", URL"] = strings.NewReplacer("+", "-", "/", "_").Replace(encoded)
	}
	return forms
}

// in names each secret that text holds, and the form in which it does.
func (s leakSearch) in(text string) []string {
	found := make(map[string]bool)
	for i := 0; i+beginning <= len(text); i++ {
		for _, n := range s[text[i:i+beginning]] {
			if strings.HasPrefix(text[i:], n.text) {
				found[n.secret+", "+n.form] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// What leaks is found, in each form and wherever it stands, and what does not leak is not.
func TestLeaksAreFound(t *testing.T) {
	const (
		secret = `top+"<se>'cret"/ü 7Qm2Xc9T`
		digest = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	)
	search := newLeakSearch(map[string]string{"password": secret, "signature": digest})
	quoted, _ := json.Marshal(secret)
	for name, leaking := range map[string]string{
		"raw":          "the key is " + secret + ".",
		"cut off":      "the key starts with " + secret[:8] + "…",
		"at the end":   secret[:8],
		"URL-encoded":  "https://example.com/?key=" + url.QueryEscape(secret),
		"path-encoded": "https://example.com/" + url.PathEscape(secret),
		"JSON":         `{"key":` + string(quoted) + `}`,
		"HTML":         "<td>" + html.EscapeString(secret) + "</td>",
		"hexadecimal":  fmt.Sprintf("%x", "key="+secret),
		"HEXADECIMAL":  fmt.Sprintf("%X", secret),
		"base64":       base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64url":    base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"inside 1":     base64.StdEncoding.EncodeToString([]byte("k:" + secret)),
		"inside 2":     base64.StdEncoding.EncodeToString([]byte("u" + secret + "!")),
		"a digest":     "Signature=" + digest,
		"part of it":   "Signature=" + digest[:14] + "…",
	} {
		if got := search.in(leaking); len(got) == 0 {
			t.Errorf("%s: found nothing in %q", name, leaking)
		}
	}
	if got := search.in("nothing to see, but 5d672d79, and top+ as well"); len(got) > 0 {
		t.Errorf("found %v where there is nothing", got)
	}
}
