package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"apigwprobe/probe"
)

// Source gives a secret when it is needed, so that one that is renewed is found anew; nil: there is none.
type Source func(context.Context) (probe.Secret, error)

// Fixed is the source of a value that is at hand.
func Fixed(value string) Source {
	return func(context.Context) (probe.Secret, error) { return probe.NewSecret(value), nil }
}

const (
	sendLimit = 10 * time.Second
	// mostAnswer is how much of an answer is read; nothing of it is shown, because it may repeat what was sent.
	mostAnswer = 64 << 10
)

// newClient returns a client that verifies, follows no redirect, and uses no proxy but the one that is given.
func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: sendLimit,
		Transport: &http.Transport{
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			DialContext:            (&net.Dialer{Timeout: sendLimit}).DialContext,
			TLSHandshakeTimeout:    sendLimit,
			MaxResponseHeaderBytes: mostAnswer,
			IdleConnTimeout:        2 * time.Minute,
			MaxIdleConnsPerHost:    2,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request is one exchange with a destination.
type request struct {
	method string
	url    Source
	path   string // below the URL
	bearer Source
	header http.Header
	body   []byte
}

// do sends a request and wants a 2xx. Its errors show neither the URL, which may be a secret, nor the answer.
func do(ctx context.Context, client *http.Client, r request) error {
	address, err := r.url(ctx)
	if err != nil {
		return fmt.Errorf("reading the URL: %w", err)
	}
	target := address.Reveal()
	if r.path != "" {
		if target, err = url.JoinPath(target, r.path); err != nil {
			return errors.New("the URL is malformed")
		}
	}
	if u, err := url.Parse(target); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("got a URL that is none, want http:// or https://")
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return errors.New("the URL is malformed")
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "probe-alert")
	if r.bearer != nil {
		token, err := r.bearer(ctx)
		if err != nil {
			return fmt.Errorf("reading the bearer token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	res, err := client.Do(req)
	if err != nil {
		return plain(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, mostAnswer)); err != nil {
		return fmt.Errorf("reading the answer: %w", plain(err))
	}
	return verdict(res.StatusCode)
}

// verdict makes an error of a status. What is refused for its content will be refused again; all else may get better,
// also a wrong password.
func verdict(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnsupportedMediaType, status == http.StatusUnprocessableEntity:
		return &Refusal{fmt.Errorf("got status %d, want 2xx", status)}
	default:
		return fmt.Errorf("got status %d, want 2xx", status)
	}
}

// plain takes the URL off an error of a client.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if wrapped.Timeout() {
			return fmt.Errorf("no answer within %s", sendLimit)
		}
		return wrapped.Err
	}
	return err
}
