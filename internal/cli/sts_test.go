package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// stsCmd is "sts": it starts a look-alike of AWS STS on loopback and makes it the script's. It knows who has the access
// key ids that start with AKIAGOOD, gives a role to them, and refuses all others.
func stsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: sts")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get("Authorization")
		good := strings.Contains(signature, "Credential=AKIAGOOD") || strings.Contains(signature, "Credential=ASIAROLE")
		switch action := r.FormValue("Action"); {
		case !good:
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>`+
				`<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>`)
		case action == "AssumeRole":
			_, _ = fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEEXAMPLE00001</AccessKeyId>`+
				`<SecretAccessKey>the-secret-of-the-role</SecretAccessKey><SessionToken>the-token-of-the-role</SessionToken>`+
				`<Expiration>2030-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		default:
			name := "user/caller"
			if strings.Contains(signature, "Credential=ASIAROLE") {
				name = "assumed-role/outsider/probe"
			}
			_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:%s</Arn>`+
				`<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, name)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
}
