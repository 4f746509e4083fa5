package probe

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// theSecret holds what URL, JSON and base64 each write in another way.
const theSecret = `wJalr"XUt/nF+EMI K7&MDENG=bPxRfi`

// formsOf are the ways in which an answer may bear a secret.
func formsOf(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	forms := map[string]string{
		"raw": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "JSON": string(quoted[1 : len(quoted)-1]),
		"HTML": html.EscapeString(secret), "JSON, not for HTML": strings.ReplaceAll(secret, `"`, `\"`),
	}
	for shift := range 3 {
		// The bytes that stand in front move the secret within the groups of three; of the first and the last group only
		// some bits are the secret's.
		in := []byte(strings.Repeat("<", shift) + secret)
		from := (shift*8 + 5) / 6
		whole := len(in) * 8 / 6
		if whole <= from {
			continue
		}
		forms[fmt.Sprintf("base64, %d before", shift)] = base64.RawStdEncoding.EncodeToString(in)[from:whole]
		forms[fmt.Sprintf("base64 of URLs, %d before", shift)] = base64.RawURLEncoding.EncodeToString(in)[from:whole]
	}
	return forms
}

// leak returns an eight-byte run of a form of the secret that text shows, or "".
func leak(text, secret string) string {
	text = strings.ReplaceAll(text, redacted, "\x01")
	for name, form := range formsOf(secret) {
		for i := 0; i+runLength <= len(form); i++ {
			if run := form[i : i+runLength]; strings.Contains(text, run) {
				return name + ": " + run
			}
		}
	}
	return ""
}

func TestRedact(t *testing.T) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"nothing to hide", nil, "The request signature we calculated", "The request signature we calculated"},
		{"not there", []string{theSecret}, "Forbidden", "Forbidden"},
		{"empty text", []string{theSecret}, "", ""},
		{"raw", []string{theSecret}, "got " + theSecret + " here", "got [redacted] here"},
		{"alone", []string{theSecret}, theSecret, "[redacted]"},
		{"twice", []string{theSecret}, theSecret + theSecret, "[redacted][redacted]"},
		{"query", []string{theSecret}, "?k=" + url.QueryEscape(theSecret) + "&a=1", "?k=[redacted]&a=1"},
		{"path", []string{theSecret}, "/k/" + url.PathEscape(theSecret) + "/a", "/k/[redacted]/a"},
		{"JSON", []string{theSecret}, `{"k":"wJalr\"XUt/nF+EMI K7\u0026MDENG=bPxRfi"}`, `{"k":"[redacted]"}`},
		{"JSON, not for HTML", []string{theSecret}, `{"k":"wJalr\"XUt/nF+EMI K7&MDENG=bPxRfi"}`, `{"k":"[redacted]"}`},
		{"first eight, JSON", []string{`a"<b&c"d`}, `a\"<b&c\"d`, "[redacted]"},
		{"HTML", []string{theSecret}, "<b>" + html.EscapeString(theSecret) + "</b>", "<b>[redacted]</b>"},
		{"hexadecimal", []string{theSecret}, fmt.Sprintf("%x.", "k="+theSecret), "6b3d[redacted]."},
		{"HEXADECIMAL", []string{theSecret}, fmt.Sprintf("%X.", theSecret), "[redacted]."},
		{"first eight, hexadecimal", []string{theSecret}, fmt.Sprintf("%x.", theSecret[:8]), "[redacted]."},
		{"first seven, hexadecimal", []string{theSecret}, fmt.Sprintf("%x.", theSecret[:7]), "774a616c722258."},
		{"a short one, hexadecimal", []string{"abcd"}, "61626364 616263", "[redacted] 616263"},
		{"first eight", []string{theSecret}, "starts with " + theSecret[:8] + ".", "starts with [redacted]."},
		{"first seven", []string{theSecret}, "starts with " + theSecret[:7] + ".", "starts with " + theSecret[:7] + "."},
		{"cut off at the end", []string{theSecret}, "the key is " + theSecret[:20], "the key is [redacted]"},
		{"short secrets count whole", []string{"abcd"}, "abcd abc abcde", "[redacted] abc [redacted]e"},
		{"shorter ones are left", []string{"abc"}, "abc abcd", "abc abcd"},
		{"empty secrets are none", []string{"", theSecret, ""}, "plain " + theSecret, "plain [redacted]"},
		{"two secrets", []string{"first-secret", "second-secret"}, "first-secret and second-secret", "[redacted] and [redacted]"},
		{"one within the other", []string{"inner-secret", "outer-inner-secret-outer"}, "outer-inner-secret-outer", "[redacted]"},
		{"one begins like the other", []string{"common-secret-1", "common-secret-22"}, "common-secret-22", "[redacted]"},
		{"a short one within a long one", []string{"0123456789", "5678"}, "0123456789", "[redacted]"},
		{"text that is the mark already", []string{theSecret}, "[redacted]", "[redacted]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var secrets []Secret
			for _, s := range c.secrets {
				secrets = append(secrets, NewSecret(s))
			}
			got := newRedactor(secrets).text(c.text)
			if got = strings.ReplaceAll(got, redacted+redacted, redacted); got != strings.ReplaceAll(c.want, redacted+redacted, redacted) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("base64 in each alignment", func(t *testing.T) {
		for _, user := range []string{"", "u:", "uu:", "user:"} {
			got := newRedactor([]Secret{NewSecret(theSecret)}).text(basic(user + theSecret))
			if l := leak(got, theSecret); l != "" {
				t.Errorf("%q: %q shows %s", user, got, l)
			}
			if !strings.HasPrefix(got, "Basic ") || !strings.Contains(got, redacted) {
				t.Errorf("%q: got %q", user, got)
			}
		}
	})
}

// TestRedactOverlaps: where secrets, or a secret and what stands in front of it, share a piece, nothing of either stays.
func TestRedactOverlaps(t *testing.T) {
	for _, c := range []struct {
		name    string
		secrets []string
		text    string
	}{
		{"a secret that begins with itself", []string{"abababab-12345678"}, "ababababab-12345678"},
		{"two secrets that share a piece", []string{"first-shared-piece", "shared-piece-and-more"}, "first-shared-piece-and-more"},
		{"the same, other way round", []string{"shared-piece-and-more", "first-shared-piece"}, "first-shared-piece-and-more"},
		{"a secret within the encoded form of another", []string{"key/0123456789", "0123456789abcdef"}, url.QueryEscape("key/0123456789abcdef")},
		{"an escape that Go does not write", []string{theSecret}, strings.ReplaceAll(strings.ReplaceAll(theSecret, `"`, `\"`), "/", `\/`)},
		{"percent-encoding in small letters", []string{theSecret}, strings.NewReplacer("%22", "%22", "%2F", "%2f", "%2B", "%2b").Replace(url.PathEscape(theSecret))},
		{"without its beginning", []string{theSecret}, "…" + theSecret[4:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			var secrets []Secret
			for _, s := range c.secrets {
				secrets = append(secrets, NewSecret(s))
			}
			got := newRedactor(secrets).text(c.text)
			for _, s := range c.secrets {
				if l := leak(got, s); l != "" {
					t.Errorf("%q became %q, which shows %s", c.text, got, l)
				}
			}
		})
	}
}

func TestRedactorWithDoesNotTeachTheOther(t *testing.T) {
	base := newRedactor([]Secret{NewSecret("one-of-all-requests")})
	one, two := base.with("signature-one"), base.with("signature-two")
	text := "one-of-all-requests signature-one signature-two"
	checkEqual(t, "texts", []string{base.text(text), one.text(text), two.text("signature-two signature-one")},
		[]string{"[redacted] signature-one signature-two", "[redacted] [redacted] [redacted]two", "[redacted] [redacted]one"})
}

// TestObservationHoldsNoSecret sends every kind of secret to a backend that echoes all it gets, in every form.
func TestObservationHoldsNoSecret(t *testing.T) {
	key, header, secretKey, token := theSecret+"-9d", "gate 7%&= pass+word/9", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYz9y8x7w6v5", "IQoJYzJhQ+ca/4kZ1mN=="
	plan := planTo("")
	target := Target{
		Plan: plan, API: API{Name: "a", Region: "eu-west-1", Stage: "prod"},
		Route: Route{
			Method: "GET", Path: "/x", Authorization: AuthIAM, Principal: "caller", APIKeyRequired: true, APIKey: Literal(key),
			Headers: []Header{{Name: "X-Gate", Secret: Literal(header)}},
		},
		Access: Access{Kind: AccessDefault, Host: hostDefault, Prefix: "/prod"},
	}
	plan.APIs = []API{{Routes: []Route{target.Route}}}
	echo := func(h http.Header, form func(string) string) string {
		var b strings.Builder
		for _, name := range []string{"Authorization", headerKey, headerToken, "X-Gate"} {
			fmt.Fprintf(&b, "%s\n", form(h.Get(name)))
		}
		_, signature, _ := strings.Cut(h.Get("Authorization"), "Signature=")
		fmt.Fprintf(&b, "%s\n%s\n", form(signature), form(secretKey))
		return b.String()
	}
	unicodeEscaped := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		return b.String()
	}
	jsonOf := func(s string) string { q, _ := json.Marshal(s); return string(q[1 : len(q)-1]) }
	for name, form := range map[string]func(string) string{
		"raw": func(s string) string { return s }, "query": url.QueryEscape, "path": url.PathEscape, "JSON": jsonOf,
		"base64":               func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64, one before":   func(s string) string { return base64.URLEncoding.EncodeToString([]byte("<" + s)) },
		"base64, two before":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("<<" + s)) },
		"JSON of a PHP script": func(s string) string { return strings.ReplaceAll(jsonOf(s), "/", `\/`) },
		"JSON of .NET":         func(s string) string { return strings.ReplaceAll(jsonOf(s), "+", `\u002B`) },
		"JSON in ASCII only":   unicodeEscaped,
	} {
		t.Run(name, func(t *testing.T) {
			s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
				text := echo(r.Header, form)
				flat := strings.ReplaceAll(text, "\n", " ")
				w.Header().Set("Location", flat)
				w.Header().Set("X-Amzn-Remapped-Echo", flat)
				w.Header().Set("X-Amzn-Errortype", flat)
				w.Header().Set("X-Amzn-Requestid", flat)
				w.Header().Set("X-Amz-Apigw-Id", flat)
				w.WriteHeader(403)
				fmt.Fprintf(w, `{"message":"%s"}`, strings.ReplaceAll(text, "\n", `\n`))
			})
			to := planTo(s.Listener.Addr().String())
			to.APIs = plan.APIs
			material := Material{Credentials: map[string]ResolvedCredentials{"caller": {Credentials: Credentials{
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: NewSecret(secretKey), SessionToken: NewSecret(token),
			}}}}
			r, err := Craft(Case{Scenario: Scenario{Name: "s"}, Target: target, Principal: "caller"}, material, Crafting{Run: "run", Salt: "salt", UserAgent: "probe"}, "")
			if err != nil {
				t.Fatal(err)
			}
			p := NewProber(to, material)
			defer p.Close()
			o := p.Observe(t.Context(), r)
			if o.Status != 403 || o.Message == "" {
				t.Fatalf("got %d %q %v", o.Status, o.Message, o.Error)
			}
			document, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			for what, secret := range map[string]string{"API key": key, "header": header, "secret key": secretKey, "session token": token, "signature": signature} {
				for where, text := range map[string]string{"document": string(document), "message": o.Message, "whole message": o.text, "error type": o.ErrorType} {
					if l := leak(text, secret); l != "" {
						t.Errorf("%s shows the %s, %s", where, what, l)
					}
				}
			}
		})
	}
}

// TestErrorTextHoldsNoSecret: net/http quotes in its errors what it could not read.
func TestErrorTextHoldsNoSecret(t *testing.T) {
	const key = "kq7Zx2-key-Wm4Tn9"
	address := listen(t, func(_ int, c net.Conn) {
		s := secured(c)
		if _, err := readHead(bufio.NewReader(s)); err == nil {
			fmt.Fprintf(s, "HTTP/9 %s\r\n\r\n", key)
			s.Close()
		}
	})
	p := NewProber(planTo(address), Material{Secrets: map[*Reference]ResolvedSecret{{}: {Secret: NewSecret(key)}}})
	defer p.Close()
	o := p.Observe(t.Context(), getting(hostCustom, "/"))
	if o.Error == nil || !strings.Contains(o.Error.Text, redacted) || leak(o.Error.Text, key) != "" {
		t.Errorf("got the error %v, want the key redacted in it", o.Error)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(theSecret, "other-secret-of-the-run", "before ", " after", uint8(0), uint8(0))
	f.Add("abababab-12345678", "x", "ab", "", uint8(0), uint8(0))
	f.Add("first-shared-piece", "shared-piece-and-more", "", "-and-more", uint8(0), uint8(0))
	f.Add("aaaaaaaaa", "aaaaaaaab", "aaa", "ab", uint8(1), uint8(3))
	f.Add("secret\n\"quoted\"", "<&>", "{", "}", uint8(3), uint8(0))
	f.Add("0123456789", "", "user:", "", uint8(4), uint8(2))
	f.Add("[redacted]", "redacted]", "", "[", uint8(0), uint8(0))
	f.Add("größe und mehr", "日本語日本語", "", "", uint8(2), uint8(5))
	f.Add("acted][redacted", "x", "", "acted][red", uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, secret, other, before, after string, form, cut uint8) {
		forms := formsOf(secret)
		names := []string{"raw", "query", "path", "JSON", "base64, 0 before", "base64, 1 before", "base64, 2 before", "base64 of URLs, 0 before", "base64 of URLs, 1 before", "base64 of URLs, 2 before"}
		shown := forms[names[int(form)%len(names)]]
		shown = shown[:len(shown)-int(cut)%(len(shown)+1)]
		r := newRedactor([]Secret{NewSecret(other), NewSecret(secret)})
		text := before + shown + after
		got := r.text(text)
		for _, s := range []string{secret, other} {
			// Too short to be told from other text; and the mark itself may look like a piece of a strange secret.
			if len(s) < shortest || strings.Contains(redacted+redacted, s) || strings.Contains(s, "redacted") {
				continue
			}
			if l := leak(got, s); l != "" {
				t.Errorf("%q with the secrets %q and %q became %q, which shows %s", text, other, secret, got, l)
			}
		}
		if newRedactor(nil).text(text) != text {
			t.Error("without a secret the text was changed")
		}
	})
}
