package sandbox

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of tokenHashes
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// token is a JSON Web Token, taken apart and not yet believed. This is the
// verifier's side; issuers sign with a library, so that a mistake of one side
// does not cancel itself out on the other.
type token struct {
	header    struct{ Alg, Kid string }
	claims    map[string]any
	signed    string // what the signature is over
	signature []byte
}

// parseToken takes a token apart. The first of its errors is worded as recorded.
func parseToken(text string) (*token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("token contains an invalid number of segments")
	}
	t := &token{signed: parts[0] + "." + parts[1]}
	for i, into := range []any{&t.header, &t.claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return nil, errors.New("the token is malformed")
		}
	}
	var err error
	if t.signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		return nil, errors.New("the token is malformed")
	}
	return t, nil
}

// tokenHashes are the algorithms that a gateway takes: those based on RSA.
var tokenHashes = map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}

// verify checks algorithm, key id and signature, in this order.
func (t *token) verify(kid string, key *rsa.PublicKey) error {
	h, ok := tokenHashes[t.header.Alg]
	if !ok {
		return errors.New("signing method " + t.header.Alg + " is invalid")
	}
	if t.header.Kid != kid {
		return errors.New("the token has an unknown key id")
	}
	digest := h.New()
	digest.Write([]byte(t.signed))
	if rsa.VerifyPKCS1v15(key, h, digest.Sum(nil), t.signature) != nil {
		return errors.New("signature is invalid")
	}
	return nil
}

func (t *token) text(claim string) string {
	s, _ := t.claims[claim].(string)
	return s
}

// list reads a claim that is one text or several.
func (t *token) list(claim string) []string {
	switch v := t.claims[claim].(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// time reads a claim in seconds; ok says whether it is there.
func (t *token) time(claim string) (at time.Time, ok bool) {
	const far = 1e11 // seconds, some thousand years: what is beyond does not fit everywhere
	seconds, ok := t.claims[claim].(float64)
	return time.UnixMilli(int64(1000 * min(max(seconds, -far), far))), ok
}

// expired holds also of tokens that never expire: those are not taken.
func (t *token) expired(now time.Time) bool {
	exp, ok := t.time("exp")
	return !ok || !now.Before(exp)
}

// early holds before the token's own beginning.
func (t *token) early(now time.Time) bool {
	for _, claim := range []string{"nbf", "iat"} {
		if at, ok := t.time(claim); ok && now.Before(at) {
			return true
		}
	}
	return false
}

// inScope tells whether the token has one of the scopes, where there are any.
func (t *token) inScope(scopes []string) bool {
	if len(scopes) == 0 {
		return true
	}
	var has []string
	for _, claim := range []string{"scope", "scp"} {
		for _, s := range t.list(claim) {
			has = append(has, strings.Fields(s)...)
		}
	}
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(has, s) })
}
