package probe

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
)

// redactor takes secrets out of what a gateway or a backend sent back: as they are, and as base64, hexadecimal,
// URL-encoded, or escaped for JSON or HTML. Any eight bytes in a row of a secret count as the secret, so that one that
// was cut off goes, too.
type redactor struct {
	runs  map[string]bool // every eight bytes in a row of every form; of a hexadecimal one, the digits of eight
	short []string        // forms that are shorter than that
	outer *redactor       // knows more secrets; nil: none
}

const (
	runLength = 8
	hexLength = 2 * runLength // eight digits in a row are in many an id by chance
	shortest  = 4             // so short a value cannot be told from ordinary text
)

func newRedactor(secrets []Secret) *redactor {
	r := &redactor{runs: make(map[string]bool)}
	for _, s := range secrets {
		r.add(s.Reveal())
	}
	return r
}

// with returns a redactor that knows one more secret.
func (r *redactor) with(secret string) *redactor {
	more := &redactor{runs: make(map[string]bool), outer: r}
	more.add(secret)
	return more
}

func (r *redactor) add(secret string) {
	if len(secret) < shortest {
		return
	}
	for _, form := range forms(secret) {
		r.addForm(form, runLength)
	}
	digits := hex.EncodeToString([]byte(secret))
	r.addForm(digits, hexLength)
	r.addForm(strings.ToUpper(digits), hexLength)
}

// addForm adds what a secret looks like in one form, of which so many bytes in a row count.
func (r *redactor) addForm(form string, length int) {
	if len(form) < length {
		if len(form) >= shortest {
			r.short = append(r.short, form)
		}
		return
	}
	for i := range len(form) - length + 1 {
		r.runs[form[i:i+length]] = true
	}
}

// forms are the ways in which a secret may stand in a text, but for hexadecimal digits.
func forms(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		inner := string(quoted[1 : len(quoted)-1])
		out = append(out, inner, unescape(inner)) // few writers of JSON escape what HTML would
	}
	// Base64 of a text that holds the secret looks different for each of three alignments.
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
		end := len(encoded)
		if (shift+len(secret))%3 > 0 {
			end-- // what comes after the secret is in its last letter
		}
		if begin := (shift*8 + 5) / 6; end > begin {
			encoded = encoded[begin:end]
		}
		out = append(out, encoded, strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
	}
	return out
}

// text returns s without secrets.
func (r *redactor) text(s string) string {
	var b strings.Builder
	clean := 0 // s[:clean] is written
	for i := 0; i < len(s); {
		n := r.at(s[i:])
		if n == 0 {
			i++
			continue
		}
		end := i + n
		// Runs overlap: go on while one begins before the last one ends.
		for j := i + 1; j < end; j++ {
			if n := r.at(s[j:]); n > 0 {
				end = max(end, j+n)
			}
		}
		b.WriteString(s[clean:i])
		b.WriteString(redacted)
		clean, i = end, end
	}
	if clean == 0 {
		return s
	}
	b.WriteString(s[clean:])
	return b.String()
}

// at returns how many bytes of a secret s begins with.
func (r *redactor) at(s string) int {
	for _, length := range []int{hexLength, runLength} {
		if len(s) >= length && r.runs[s[:length]] {
			return length
		}
	}
	for _, form := range r.short {
		if strings.HasPrefix(s, form) {
			return len(form)
		}
	}
	if r.outer != nil {
		return r.outer.at(s)
	}
	return 0
}
