package probe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// The query parameters of a presigned URL that nobody else may see, or that name who signed.
const (
	queryCredential = "X-Amz-Credential"
	queryDate       = "X-Amz-Date"
	querySignature  = "X-Amz-Signature"
	queryToken      = "X-Amz-Security-Token"
)

// presign puts a SigV4 signature into the query. It covers the Host header alone, as a URL that is handed on must, and
// names no X-Amz-Expires: whether API Gateway heeds one is not known.
func (s *Signing) presign(req *http.Request, body []byte, credentials aws.Credentials, now time.Time) error {
	sum := sha256.Sum256(body)
	bare := &http.Request{Method: req.Method, URL: req.URL, Host: req.Host, Header: make(http.Header)}
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, bare, hex.EncodeToString(sum[:]), s.Service, s.Region,
		now.UTC())
	if err != nil {
		return fmt.Errorf("presigning: %w", err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		return fmt.Errorf("presigning: reading URL: %w", err)
	}
	if withoutSignature(u.RawQuery) != req.URL.RawQuery || u.EscapedPath() != req.URL.EscapedPath() {
		return errOtherURL
	}
	req.URL = u
	return nil
}

// withoutSignature is a query without the parameters of a presigned URL.
func withoutSignature(query string) string {
	var own []string
	for pair := range strings.SplitSeq(query, "&") {
		if !strings.HasPrefix(pair, "X-Amz-") {
			own = append(own, pair)
		}
	}
	return strings.Join(own, "&")
}

// presigned returns the query parameters of a presigned URL, or nil if it is none.
func presigned(u *url.URL) url.Values {
	if query := u.Query(); query.Get(querySignature) != "" {
		return query
	}
	return nil
}

// hideSignature replaces what a presigned URL must not give away.
func hideSignature(target string) string {
	before, query, ok := strings.Cut(target, "?")
	if !ok {
		return target
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case queryCredential, querySignature, queryToken:
			pairs[i] = name + "=" + redacted
		}
	}
	return before + "?" + strings.Join(pairs, "&")
}
