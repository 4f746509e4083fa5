package secrets

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"apigwprobe/probe"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Resolver resolves what runs need, one run after the other. It keeps tokens that an issuer gave it, until they would
// not last for another run: issuers count and limit requests. The zero value is ready.
type Resolver struct {
	mu   sync.Mutex
	kept map[string]keptToken
}

type keptToken struct {
	value   string
	expires time.Time
}

// spare is how much longer than a whole run a kept token must last.
const spare = time.Minute

// token gets a token by client credentials, or one that was kept. secret is the client's.
func (r *Resolver) token(ctx context.Context, plan probe.Plan, o *probe.OAuth2, secret probe.ResolvedSecret) (string, error) {
	if secret.Err != nil {
		return "", secret.Err
	}
	key := strings.Join([]string{o.TokenURL, o.ClientID, digest(secret.Reveal()), strings.Join(o.Scopes, " "), o.Audience}, "\x00")
	run := plan.RunTimeout
	if run == 0 {
		run = probe.DefaultRunTimeout
	}
	r.mu.Lock()
	kept, ok := r.kept[key]
	r.mu.Unlock()
	if ok && time.Until(kept.expires) > run+spare {
		return kept.value, nil
	}
	token, err := askForToken(ctx, plan, o, secret.Reveal())
	if err != nil {
		return "", err
	}
	if !token.Expiry.IsZero() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.kept == nil {
			r.kept = make(map[string]keptToken)
		}
		r.kept[key] = keptToken{token.AccessToken, token.Expiry}
	}
	return token.AccessToken, nil
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// askForToken is the client credentials grant. It follows no redirect, which would carry the secret elsewhere.
func askForToken(ctx context.Context, plan probe.Plan, o *probe.OAuth2, secret string) (*oauth2.Token, error) {
	client, err := tokenClient(plan)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	cfg := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: secret, TokenURL: o.TokenURL, Scopes: slices.Clone(o.Scopes)}
	if o.Audience != "" {
		cfg.EndpointParams = url.Values{"audience": {o.Audience}}
	}
	token, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return nil, refusedToken(ctx, err)
	}
	return token, nil
}

// tokenClient reaches the hosts that a plan reaches: by the same proxy, addresses and roots.
func tokenClient(plan probe.Plan) (*http.Client, error) {
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err == nil && plan.Proxy == "" && net.ParseIP(host) == nil && plan.Redirected(host) {
				address = plan.DialAddress(host)
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{RootCAs: plan.RootCAs, MinVersion: tls.VersionTLS12},
	}
	if plan.Proxy != "" {
		u, err := url.Parse(plan.Proxy)
		if err != nil {
			return nil, errors.New("the proxy is no URL")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// oauthErrors are the codes that RFC 6749 has for a token endpoint. Nothing else of an answer is shown: it may hold what
// was sent.
var oauthErrors = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
}

// refusedToken says in one line why there is no token.
func refusedToken(ctx context.Context, err error) error {
	var refused *oauth2.RetrieveError
	var transport *url.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &refused) && slices.Contains(oauthErrors, refused.ErrorCode):
		return fmt.Errorf("refused with status %d, %s", refused.Response.StatusCode, refused.ErrorCode)
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode != http.StatusOK:
		return fmt.Errorf("answered with status %d", refused.Response.StatusCode)
	case errors.As(err, &transport):
		return errors.New(redact(transport.Err.Error()))
	default: // whose text may quote the answer
		return errors.New("the answer holds no token")
	}
}
