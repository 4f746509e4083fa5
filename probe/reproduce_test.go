package probe

import (
	"crypto/tls"
	"crypto/x509"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReproduce(t *testing.T) {
	base := func() Case {
		return Case{
			Scenario: Scenario{Name: "control"},
			Target: Target{
				Plan:   &Plan{Environment: "prod", UserAgent: "probe/1"},
				API:    API{Name: "orders", Region: "eu-west-1"},
				Route:  Route{Method: "GET", Path: "/orders/{id}", PathParameters: map[string]string{"id": "4 2"}},
				Access: Access{Kind: AccessCustomDomain, Host: "api.example.com", Prefix: "/v1"},
			},
		}
	}
	signed := func(c *Case) {
		c.Route.Authorization, c.Principal = AuthIAM, "caller"
		c.Plan.Principals = map[string]Principal{"caller": {AccessKeyID: "AKIA1", SecretAccessKey: Literal("very-secret-value")}}
	}
	for _, tt := range []struct {
		name   string
		change func(*Case)
		want   string
	}{
		{"plain", func(*Case) {}, `
curl -sSi --globoff --path-as-is --noproxy '*' \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"secrets are variables", func(c *Case) {
			c.Route.APIKeyRequired, c.Route.APIKey = true, &Reference{Env: "ORDERS_KEY"}
			c.Route.Headers = []Header{{Name: "X-Tenant", Secret: Literal("very-secret-value")}, {Name: "X-Who", Value: `$(id) 'me'`}}
		}, `
# ORDERS_KEY: environment variable "ORDERS_KEY"
# HEADER_X_TENANT: value in the configuration
curl -sSi --globoff --path-as-is --noproxy '*' \
  --header "x-api-key: ${ORDERS_KEY}" \
  --header "x-tenant: ${HEADER_X_TENANT}" \
  --header 'x-who: $(id) '\''me'\''' \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"a secret that is left out", func(c *Case) {
			c.Route.APIKeyRequired, c.Route.APIKey = true, &Reference{Env: "ORDERS_KEY"}
			c.Scenario.Change = func(r *Recipe) { r.APIKey = Secret{} }
		}, `
curl -sSi --globoff --path-as-is --noproxy '*' \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"a name that is none for a shell", func(c *Case) {
			c.Route.APIKeyRequired, c.Route.APIKey = true, &Reference{Env: "A;B"}
		}, `
# API_KEY: environment variable "A;B"
curl -sSi --globoff --path-as-is --noproxy '*' \
  --header "x-api-key: ${API_KEY}" \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"signed, too late", func(c *Case) {
			signed(c)
			c.Scenario.Change = func(r *Recipe) { r.Signing.Offset = -10 * time.Minute }
		}, `
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: principal "caller"
# date of GNU, or gdate
curl -sSi --globoff --path-as-is --noproxy '*' \
  --aws-sigv4 'aws:amz:eu-west-1:execute-api' --user "${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}" \
  --header "x-amz-date: $(date -u -d '-600 seconds' +%Y%m%dT%H%M%SZ)" \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"a session, and a spoiled signature", func(c *Case) {
			signed(c)
			c.Plan.Principals["caller"] = Principal{Profile: "prod"}
			c.Scenario.Change = func(r *Recipe) { r.Signing.Tamper = true }
		}, `
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (empty if there is none): principal "caller"
# curl cannot spoil a signature that it made; a wrong secret key is refused alike
curl -sSi --globoff --path-as-is --noproxy '*' \
  --aws-sigv4 'aws:amz:eu-west-1:execute-api' --user "${AWS_ACCESS_KEY_ID}:not-the-secret-key" \
  --header "x-amz-security-token: ${AWS_SESSION_TOKEN}" \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"what curl cannot", func(c *Case) {
			signed(c)
			c.Scenario.Name, c.Scenario.Change = "presigned", func(r *Recipe) { r.Signing.Presign = true }
		}, `
# curl cannot sign in the query, so probe repeats it
probe run 'prod' --api 'orders' --route 'GET /orders/{id}' --access 'custom-domain:api.example.com/v1' --scenario 'presigned'`},
		{"a token", func(c *Case) {
			c.Route.Authorization, c.Token = AuthCustom, &Reference{File: "/run/token"}
			c.Route.Token = Token{Scheme: "Bearer", Sources: []TokenSource{{Header: "Authorization"}, {Query: "t"}}}
			c.Scenario.Token = DeniedToken
		}, `
# TOKEN_DENIED: file "/run/token"
curl -sSi --globoff --path-as-is --noproxy '*' \
  --header "authorization: Bearer ${TOKEN_DENIED}" \
  --url-query "t=Bearer ${TOKEN_DENIED}" \
  --user-agent 'probe/1' \
  'https://api.example.com/v1/orders/4%202'`},
		{"a token that is made", func(c *Case) {
			c.Route.Authorization, c.Token = AuthCustom, &Reference{Env: "TOKEN"}
			c.Scenario.Name = "torn-token"
			c.Scenario.Change = func(r *Recipe) { r.Token = NewSecret(r.Token.Reveal()[:3]) }
		}, `
# the token is made from a valid one, so probe repeats it
probe run 'prod' --api 'orders' --route 'GET /orders/{id}' --access 'custom-domain:api.example.com/v1' --scenario 'torn-token'`},
		{"a body, and another way there", func(c *Case) {
			c.Route.Method, c.Route.Body = "POST", []byte(`{"it's":1}`)
			c.Plan.ConnectTo, c.Plan.RootCAs = map[string]string{"*": "127.0.0.1:8443"}, x509.NewCertPool()
			c.Plan.Proxy = "http://user:pass@proxy:3128"
			c.Access.Connect, c.Access.APIID = "vpce-1.vpce.amazonaws.com", "a1b2c3d4e5"
			c.Access.ClientCertificate = &tls.Certificate{}
		}, `
# CA_FILE: the ca_file of the configuration
# PROXY: the proxy of the configuration
# CLIENT_CERTIFICATE, CLIENT_KEY: PEM files of the client certificate of api.example.com
curl -sSi --globoff --path-as-is --connect-to 'vpce-1.vpce.amazonaws.com:443:127.0.0.1:8443' \
  --cacert "$CA_FILE" \
  --proxy "$PROXY" \
  --cert "$CLIENT_CERTIFICATE" --key "$CLIENT_KEY" \
  --header 'host: api.example.com' \
  --header 'x-apigw-api-id: a1b2c3d4e5' \
  --user-agent 'probe/1' \
  --request 'POST' \
  --header 'content-type:' \
  --data-raw '{"it'\''s":1}' \
  'https://vpce-1.vpce.amazonaws.com/v1/orders/4%202'`},
		{"a large body", func(c *Case) {
			c.Route.Method, c.Route.Body = "PUT", []byte(strings.Repeat("x", largestBody+1))
			c.Route.Headers = []Header{{Name: "Content-Type", Value: "text/plain"}}
		}, `
# BODY: file with the body of the route
curl -sSi --globoff --path-as-is --noproxy '*' \
  --header 'content-type: text/plain' \
  --user-agent 'probe/1' \
  --request 'PUT' \
  --data-binary "@$BODY" \
  'https://api.example.com/v1/orders/4%202'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := base()
			tt.change(&c)
			got := Reproduce(c, "run")
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), got); diff != "" {
				t.Errorf("commands differ (-want +got):\n%s", diff)
			}
			if strings.Contains(got, "very-secret") || strings.Contains(got, "pass@") {
				t.Errorf("got a secret in %s", got)
			}
			if out, err := exec.CommandContext(t.Context(), "sh", "-n", "-c", got).CombinedOutput(); err != nil {
				t.Errorf("a shell cannot read it: %v: %s", err, out)
			}
		})
	}
}
