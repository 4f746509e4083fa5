package secrets

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeSTS answers like AWS STS on loopback and remembers what it was asked.
type fakeSTS struct {
	mu   sync.Mutex
	seen []call
	// answer replaces the ready answers; nil: none.
	answer func(w http.ResponseWriter, r *http.Request)
}

// call is what a test wants to know of a request.
type call struct {
	Action, RoleARN, ExternalID, SessionName, Policy string

	AccessKeyID, Token, Region string // of the signature
}

// What the ready answer to AssumeRole holds.
const (
	roleKeyID  = "ASIAROLEEXAMPLE00001"
	roleSecret = "role/SecretAccessKey+EXAMPLE+0123456789ab"
	roleToken  = "FwoGZXIvYXdzEXAMPLE/role/session/token/0123456789/abcdefghijklmnopqrstuvwxyz=="
	roleExpiry = "2030-01-02T03:04:05Z"
)

const assumeRoleAnswer = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:probe</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/probe/probe</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>` + roleKeyID + `</AccessKeyId><SecretAccessKey>` + roleSecret + `</SecretAccessKey>
<SessionToken>` + roleToken + `</SessionToken><Expiration>` + roleExpiry + `</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>`

const callerIdentityAnswer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::123456789012:assumed-role/probe/probe</Arn><UserId>AROAEXAMPLE:probe</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`

// newSTS starts a fake STS and makes it, and this AWS configuration, all of AWS that the test can see.
func newSTS(t *testing.T, sharedConfig string) *fakeSTS {
	t.Helper()
	s := new(fakeSTS)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)

	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it at the end
			os.Unsetenv(name)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(sharedConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", dir)
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	return s
}

func (s *fakeSTS) calls() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

var credentialScope = regexp.MustCompile(`Credential=([^/]+)/\d+/([^/]+)/sts/aws4_request`)

func (s *fakeSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	scope := credentialScope.FindStringSubmatch(r.Header.Get("Authorization"))
	if scope == nil {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	s.seen = append(s.seen, call{
		Action:      r.Form.Get("Action"),
		RoleARN:     r.Form.Get("RoleArn"),
		ExternalID:  r.Form.Get("ExternalId"),
		SessionName: r.Form.Get("RoleSessionName"),
		Policy:      r.Form.Get("Policy"),
		AccessKeyID: scope[1],
		Region:      scope[2],
		Token:       r.Header.Get("X-Amz-Security-Token"),
	})
	s.mu.Unlock()

	switch {
	case s.answer != nil:
		s.answer(w, r)
	case r.Form.Get("Action") == "AssumeRole":
		_, _ = io.WriteString(w, assumeRoleAnswer)
	case r.Form.Get("Action") == "GetCallerIdentity":
		_, _ = io.WriteString(w, callerIdentityAnswer)
	default:
		http.Error(w, "unexpected action", http.StatusBadRequest)
	}
}

// refuse answers like AWS does when it refuses.
func refuse(status int, code, message string) func(http.ResponseWriter, *http.Request) {
	return say(status, fmt.Sprintf(`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>0b3a2c1d</RequestId></ErrorResponse>`, code, message))
}

func say(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
