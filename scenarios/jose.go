package scenarios

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that a signed token may name.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	jose.HS256, jose.HS384, jose.HS512,
}

// parse reads a signed JSON Web Token without believing it. Its error shows nothing of the token.
func parse(token string) (*jose.JSONWebSignature, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, errors.New("it is no signed JSON Web Token")
	}
	if payload := signed.UnsafePayloadWithoutVerification(); !json.Valid(payload) || payload[0] != '{' {
		return nil, errors.New("it has no claims")
	}
	return signed, nil
}

// tear cuts the signature part off.
func tear(token string) (string, error) {
	if _, err := parse(token); err != nil {
		return "", err
	}
	return token[:strings.LastIndex(token, ".")], nil
}

// unsign says in the header that there is no signature.
func unsign(token string) (string, error) {
	signed, err := parse(token)
	if err != nil {
		return "", err
	}
	return segment([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + segment(signed.UnsafePayloadWithoutVerification()) + ".", nil
}

// alter adds a claim that means nothing and keeps the signature.
func alter(token string) (string, error) {
	signed, err := parse(token)
	if err != nil {
		return "", err
	}
	payload := strings.TrimSpace(string(signed.UnsafePayloadWithoutVerification()))
	claim := `{"probe":"altered"`
	if payload != "{}" {
		claim += ","
	}
	parts := strings.Split(token, ".")
	return parts[0] + "." + segment([]byte(claim+strings.TrimPrefix(payload, "{"))) + "." + parts[2], nil
}

// forge signs the same claims under the same key id with a key that nobody knows.
func forge(token string) (string, error) {
	signed, err := parse(token)
	if err != nil {
		return "", err
	}
	header := signed.Signatures[0].Protected
	algorithm := jose.SignatureAlgorithm(header.Algorithm)
	key, err := strangersKey(algorithm)
	if err != nil {
		return "", err
	}
	options := new(jose.SignerOptions).WithType("JWT")
	if header.KeyID != "" {
		options = options.WithHeader("kid", header.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("signing with %q: %w", algorithm, err)
	}
	forged, err := signer.Sign(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return "", fmt.Errorf("signing with %q: %w", algorithm, err)
	}
	return forged.CompactSerialize()
}

func segment(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// strangersKey is a key of the process that fits an algorithm.
func strangersKey(a jose.SignatureAlgorithm) (any, error) {
	switch a {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES512:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jose.EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case jose.HS256, jose.HS384, jose.HS512:
		return []byte(rand.Text() + rand.Text() + rand.Text()), nil
	default: // RS and PS
		return rsaKey()
	}
}

// rsaKey takes long to make, so that there is one for the life of the process.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
