package probe

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// redactor takes secrets out of what a gateway or a backend sent back: as they are, and as base64, URL-encoded or
// JSON-escaped. Any eight bytes in a row of a secret count as the secret, so that one that was cut off goes, too.
type redactor struct {
	runs  map[string]bool // every eight bytes in a row of every form
	short []string        // forms that are shorter than that
	outer *redactor       // knows more secrets; nil: none
}

const (
	runLength = 8
	shortest  = 4 // so short a value cannot be told from ordinary text
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
		if len(form) < runLength {
			if len(form) >= shortest {
				r.short = append(r.short, form)
			}
			continue
		}
		for i := range len(form) - runLength + 1 {
			r.runs[form[i:i+runLength]] = true
		}
	}
}

// forms are the ways in which a secret may stand in a text.
func forms(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		out = append(out, strings.Trim(string(quoted), `"`))
	}
	// Base64 of a text that holds the secret looks different for each of three alignments.
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
		if cut := (shift*8 + 5) / 6; len(encoded) > cut+1 {
			encoded = encoded[cut : len(encoded)-1]
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
	if len(s) >= runLength && r.runs[s[:runLength]] {
		return runLength
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
