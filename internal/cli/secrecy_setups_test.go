package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
)

// secretsOfSetup are those of the configuration below, each with characters that some form spells in its own way.
// The variables of the environment bear the same names.
func secretsOfSetup() map[string]string {
	secrets := make(map[string]string)
	for i, name := range []string{
		"CALLER_KEY", "SESSION_KEY", "SESSION_TOKEN", "OUTSIDER_KEY", "RETIRED_KEY", "RETIRED_TOKEN", "CHAIN_KEY", "CHAIN_TOKEN",
		"API_KEY", "DUMP_API_KEY", "SOCKET_API_KEY", "COOKIE", "PARTNER_HEADER", "SHARED_HEADER", "FILE_HEADER", "COMMAND_HEADER",
		"OPAQUE_TOKEN", "DENIED_TOKEN", "SOCKET_TOKEN", "LITERAL_TOKEN", "CLIENT_SECRET", "REFUSED_CLIENT_SECRET", "ISSUED_TOKEN",
		"PROXY_PASSWORD", "BABBLE_OUT", "BABBLE_ERR", "BABBLE_ARGUMENT", "PROFILE_KEY", "PROFILE_TOKEN", "ROLE_KEY", "ROLE_TOKEN",
		"RECORDED_KEY", "RECORDED_TOKEN", "RECORDED_COOKIE", "RECORDED_SIGNATURE", "RECORDED_SESSION",
	} {
		sign := []string{`/+`, `"<`, `&'`, `%=`}[i%4]
		if strings.HasPrefix(name, "PROXY") || strings.HasPrefix(name, "RECORDED") || strings.HasPrefix(name, "LITERAL") || strings.HasPrefix(name, "BABBLE") {
			sign = "_-" // they stand in a URL, in somebody's transcript, in YAML, in a script
		}
		secrets[name] = fmt.Sprintf("%c%dz%s%c9%sOf%02dxQ7mL4vR", 'A'+i%26, i, sign, 'k'+i%13, sign, i)
	}
	return secrets
}

// setup is a configuration with a secret of every kind, and the servers that it leads to.
type setup struct {
	dir     string
	config  string
	secrets map[string]string // all, by their names
	*gossip
}

const setupConfig = `version: 1
defaults: {region: eu-west-1, stage: prod, rate: 2000, total_rate: 2000}
principals:
  caller: {access_key_id: AKIASECRECYCALLER001, secret_access_key: {env: CALLER_KEY}}
  session: {access_key_id: ASIASECRECYSESSION01, secret_access_key: {env: SESSION_KEY}, session_token: {env: SESSION_TOKEN}}
  outsider: {access_key_id: AKIASECRECYOUTSIDER1, secret_access_key: {env: OUTSIDER_KEY}}
  retired: {access_key_id: ASIASECRECYRETIRED01, secret_access_key: {env: RETIRED_KEY}, session_token: {env: RETIRED_TOKEN}}
  chain: {}
  profile: {profile: talks}
  babbling-profile: {profile: babbles}
  role: {role_arn: "arn:aws:iam::123456789012:role/probe", profile: talks}
x-iam: &iam
  authorization: AWS_IAM
  principal: session
  outsider: outsider
  expired_session: retired
  headers: {X-Partner: {env: PARTNER_HEADER}, X-File: {file: header.txt}, X-Command: {command: [sh, header.sh]}}
x-socket: &socket {request: $connect, authorization: CUSTOM}
environments:
  gossip:
    ca_file: ca.pem
    timeout: 5s
    connect_to:
      "*": "{{GATEWAY}}"
      refused.example.test: "127.0.0.1:1"
      nowhere.example.test: "no..name:443"
      plain.example.test: "{{PLAIN}}"
      stranger.example.test: "{{STRANGER}}"
    apis:
      - name: dump
        id: d1b2c3d4e5
        custom_domains: [{host: dump.example.test, base_path: d}]
        routes:
          - {request: GET /orders, <<: *iam, api_key_required: true, api_key: {env: DUMP_API_KEY}}
      - name: echo
        id: e1b2c3d4e5
        default_endpoint: disabled
        mutation: all
        custom_domains:
          - {host: echo.example.test, base_path: e}
          - {host: refused.example.test, base_path: e}
          - {host: nowhere.example.test, base_path: e}
          - {host: plain.example.test, base_path: e}
          - {host: stranger.example.test, base_path: e}
        routes:
          - {request: GET /iam, <<: *iam, api_key_required: true, api_key: {env: API_KEY}}
          - {request: GET /caller, authorization: AWS_IAM, principal: caller, outsider: chain}
          - {request: POST /profile, authorization: AWS_IAM, principal: profile, outsider: role, body: '{"a":1}'}
          - {request: GET /cookie, authorization: NONE, headers: {Cookie: {env: COOKIE}, Authorization: {env: SHARED_HEADER}}}
          - {request: GET /opaque, authorization: CUSTOM, token: {scheme: Bearer, valid: {env: OPAQUE_TOKEN}, denied: {env: DENIED_TOKEN}}}
          - {request: GET /header, authorization: CUSTOM, token: {header: X-Token, valid: {env: JWT_1}, expired: {env: JWT_2}}}
          - {request: GET /both, authorization: CUSTOM, token: {sources: [{header: X-Token}, {query: token}], valid: {env: JWT_3}}}
          - {request: GET /pool, authorization: COGNITO_USER_POOLS, token: {scheme: Bearer, valid: {env: JWT_4}, wrong_issuer: {env: JWT_5}}}
          - {request: GET /issued, authorization: CUSTOM, token: {scheme: Bearer, valid: {oauth2: {token_url: "{{OAUTH}}/token", client_id: probe, client_secret: {env: CLIENT_SECRET}}}}}
          - {request: GET /literal, authorization: CUSTOM, token: {scheme: Bearer, valid: {value: {{LITERAL_TOKEN}}}}}
      - name: socket
        type: WEBSOCKET
        id: s1b2c3d4e5
        routes:
          - {<<: *socket, token: {sources: [{header: Sec-WebSocket-Protocol}, {query: token}], valid: {env: SOCKET_TOKEN}}}
      - name: key-socket
        type: WEBSOCKET
        id: k1b2c3d4e5
        routes:
          - {request: $connect, <<: *iam, api_key_required: true, api_key: {env: SOCKET_API_KEY}}
  failing:
    ca_file: ca.pem
    timeout: 5s
    connect_to: {"*": "{{GATEWAY}}"}
    apis:
      - name: echo
        id: e1b2c3d4e5
        custom_domains: [{host: echo.example.test, base_path: e}]
        routes:
          - {request: GET /missing, authorization: NONE, api_key_required: true, api_key: {env: NOT_SET_ANYWHERE}}
          - {request: GET /babble, authorization: NONE, api_key_required: true, api_key: {command: [sh, babble.sh, BABBLE_ARGUMENT_VALUE]}}
          - {request: GET /gone, authorization: NONE, api_key_required: true, api_key: {command: [./no-such-tool, BABBLE_ARGUMENT_VALUE]}}
          - {request: GET /file, authorization: NONE, headers: {X-File: {file: no-such-file}}}
          - {request: GET /refused, authorization: CUSTOM, token: {valid: {oauth2: {token_url: "{{OAUTH}}/refuse", client_id: probe, client_secret: {env: REFUSED_CLIENT_SECRET}}}}}
          - {request: GET /nonsense, authorization: CUSTOM, token: {valid: {oauth2: {token_url: "{{OAUTH}}/nonsense", client_id: probe, client_secret: {env: REFUSED_CLIENT_SECRET}}}}}
          - {request: GET /profile, authorization: AWS_IAM, principal: babbling-profile, outsider: role}
  proxied:
    ca_file: ca.pem
    timeout: 5s
    proxy: "http://probe:{{PROXY_PASSWORD}}@{{PROXY}}"
    apis:
      - name: echo
        id: e1b2c3d4e5
        custom_domains: [{host: echo.example.test, base_path: e}]
        routes:
          - {request: GET /token, authorization: CUSTOM, token: {scheme: Bearer, valid: {env: OPAQUE_TOKEN}}}
`

// setupAWSConfig has a profile whose process works, and one whose process only babbles.
const setupAWSConfig = `[profile talks]
credential_process = sh %[1]s/talk.sh
region = eu-west-1
[profile babbles]
credential_process = sh %[1]s/babble.sh 2>/dev/null
region = eu-west-1
`

// newSetup starts the servers, writes the files and sets the environment.
func newSetup(t *testing.T) *setup {
	t.Helper()
	s := &setup{dir: t.TempDir(), secrets: secretsOfSetup(), gossip: &gossip{secrets: make(map[string]string)}}
	gateway, ca := s.gateway(t)
	plain := httptest.NewServer(s.gossip) // where TLS is spoken to it
	t.Cleanup(plain.Close)
	stranger := httptest.NewUnstartedServer(s.gossip) // with a certificate of nobody
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	replace := strings.NewReplacer(
		"{{GATEWAY}}", gateway, "{{PLAIN}}", plain.Listener.Addr().String(), "{{STRANGER}}", stranger.Listener.Addr().String(),
		"{{OAUTH}}", s.tokens(t), "{{PROXY}}", s.proxy(t), "{{PROXY_PASSWORD}}", s.secrets["PROXY_PASSWORD"],
		"{{LITERAL_TOKEN}}", s.secrets["LITERAL_TOKEN"], "BABBLE_ARGUMENT_VALUE", s.secrets["BABBLE_ARGUMENT"],
	)
	t.Setenv("AWS_ENDPOINT_URL_STS", s.sts(t))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(s.dir, "aws-config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(s.dir, "none"))
	t.Setenv("AWS_ACCESS_KEY_ID", "ASIASECRECYCHAIN0001")
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.secrets["CHAIN_KEY"])
	t.Setenv("AWS_SESSION_TOKEN", s.secrets["CHAIN_TOKEN"])
	for name, value := range s.secrets {
		t.Setenv(name, value)
	}
	s.signTokens(t)
	single := func(name string) string { return "'" + strings.ReplaceAll(s.secrets[name], "'", `'\''`) + "'" }
	process, err := json.Marshal(map[string]any{
		"Version": 1, "AccessKeyId": "ASIASECRECYPROFILE01", "SecretAccessKey": s.secrets["PROFILE_KEY"], "SessionToken": s.secrets["PROFILE_TOKEN"],
		"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.config = filepath.Join(s.dir, "probe.yaml")
	for name, text := range map[string]string{
		"probe.yaml": replace.Replace(setupConfig),
		"ca.pem":     ca,
		"header.txt": s.secrets["FILE_HEADER"] + "\n",
		"header.sh":  "echo " + single("COMMAND_HEADER"),
		"talk.json":  string(process),
		"talk.sh":    "cat " + filepath.Join(s.dir, "talk.json"),
		"babble.sh":  "echo " + single("BABBLE_OUT") + "; echo " + single("BABBLE_ERR") + " >&2; exit 3",
		"aws-config": fmt.Sprintf(setupAWSConfig, s.dir),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// gateway serves all hosts. Before some of them stands the gossip.
func (s *setup) gateway(t *testing.T) (addr, ca string) {
	t.Helper()
	m := sandbox.Model{
		Principals: []sandbox.Principal{
			{AccessKeyID: "ASIASECRECYSESSION01", SecretKey: s.secrets["SESSION_KEY"], SessionToken: s.secrets["SESSION_TOKEN"],
				ARN: "arn:aws:sts::" + account + ":assumed-role/probe/1", Policy: sandbox.Policy{{Effect: sandbox.Allow}}},
			{AccessKeyID: "AKIASECRECYOUTSIDER1", SecretKey: s.secrets["OUTSIDER_KEY"], ARN: "arn:aws:iam::" + account + ":user/outsider"},
		},
		Fronts: map[string]sandbox.Front{},
	}
	for id, name := range map[string]string{"d1b2c3d4e5": "dump", "e1b2c3d4e5": "echo", "s1b2c3d4e5": "socket", "k1b2c3d4e5": "key-socket"} {
		api := sandbox.API{ID: id, Name: name, Account: account, Region: region, Stages: []sandbox.Stage{{Name: "prod"}}, Routes: []sandbox.Route{keyed(iam("/orders"))}}
		m.APIs = append(m.APIs, api)
		m.Fronts[api.Host()] = s.front
		if name == "dump" {
			m.Fronts[api.Host()] = s.listener
		}
	}
	for _, name := range []string{"dump", "echo"} {
		host := name + ".example.test"
		m.Domains = append(m.Domains, sandbox.Domain{Host: host, Mappings: []sandbox.Mapping{
			{BasePath: name[:1], APIStage: sandbox.APIStage{API: name[:1] + "1b2c3d4e5", Stage: "prod"}},
		}})
		m.Fronts[host] = map[string]sandbox.Front{"dump": s.listener, "echo": s.front}[name]
	}
	server, err := gateway(t, m).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // connections to it may be left
	return server.Addr, string(server.CA)
}

// signTokens makes the tokens that are none of the configuration's words, and notes what is secret of them.
func (s *setup) signTokens(t *testing.T) {
	t.Helper()
	g := gateway(t, sandbox.Model{Issuers: []sandbox.Issuer{{Name: "login", URL: "https://login.example.test"}}})
	for i := 1; i <= 5; i++ {
		claims := map[string]any{"sub": fmt.Sprintf("member-%d", i)}
		if i == 2 {
			claims["exp"] = 1_600_000_000
		}
		token, err := g.Token("login", claims)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("JWT_%d", i)
		t.Setenv(name, token)
		parts := strings.Split(token, ".")
		s.secrets[name+" payload"], s.secrets[name+" signature"] = parts[1], parts[2]
	}
}

// all are the secrets of the configuration, and those that were made from them.
func (s *setup) all() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, secret := range s.gossip.secrets {
		s.secrets[name] = secret
	}
	return s.secrets
}

// neverSent are the secrets that no server has to have heard: keys are only signed with, or it is not the prober that
// has them.
var neverSent = regexp.MustCompile(`_KEY$|^BABBLE|^RECORDED|^sandbox|^signature|^token|^JWT_2 `)

// unheard are the secrets that should have been sent and were not: what nobody has heard, nobody can give away.
func (s *setup) unheard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	for name, secret := range s.secrets {
		sent := !neverSent.MatchString(name) || strings.HasSuffix(name, "API_KEY")
		if sent && !strings.Contains(s.heard.String(), secret) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}
