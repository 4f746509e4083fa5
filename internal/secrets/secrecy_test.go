package secrets

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"apigwprobe/probe"
)

// Nothing that a run resolves, and nothing that fails on the way, may show a secret, however it is printed. All
// sources here give secrets away in every place where they can.
func TestNothing_shows_a_secret(t *testing.T) {
	const (
		apiKey   = "apikey-Wq8fT2/plain+secret"
		password = "passwd-\"with\" <marks> & more"
		fixedKey = "fixedk/SecretAccessKey"
		fixedTok = "fixedt/SessionToken"
		babble   = "babble/SecretAccessKey"
	)
	sts := newSTS(t, `
[profile babbles]
credential_process = echo `+babble+`
[profile fails]
credential_process = echo `+babble+`; exit 1
`)
	t.Setenv("API_KEY", apiKey)
	t.Setenv("TWO_LINES", apiKey+"\n"+password)
	sh := func(script string) *probe.Reference {
		return &probe.Reference{Command: []string{"sh", "-c", script}, Origin: "probe.yaml:1:2"}
	}
	references := map[string]*probe.Reference{
		"env":       {Env: "API_KEY"},
		"two lines": {Env: "TWO_LINES"},
		"command":   sh(`echo "$API_KEY"`),
		"fails":     sh(`echo "$API_KEY"; echo "$API_KEY" >&2; exit 1`),
		"killed":    sh(`echo "$API_KEY"; kill -9 $$`),
		"too long":  sh(`while echo "$API_KEY"; do :; done`),
		"literal":   probe.Literal(password),
		"broken":    probe.Literal(password + "\x00"),
	}
	keys := probe.Principal{
		AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
		SecretAccessKey: probe.Literal(fixedKey),
		SessionToken:    probe.Literal(fixedTok),
	}
	refused := withRole(keys, func(p *probe.Principal) { p.ExternalID = "refuse" })
	garbled := withRole(keys, func(p *probe.Principal) { p.ExternalID = "garble" })
	plan := probe.Plan{
		APIs: []probe.API{{Region: "eu-west-1"}},
		Principals: map[string]probe.Principal{
			"fixed": keys, "role": withRole(keys), "refused": refused, "garbled": garbled,
			"babbles": {Profile: "babbles"}, "fails": {Profile: "fails"},
		},
	}
	sts.answer = func(w http.ResponseWriter, r *http.Request) {
		told := fmt.Sprintf("%s %s %s %s\n%[1]s", fixedKey, r.Header.Get("X-Amz-Security-Token"), roleSecret, roleToken)
		switch {
		case r.Form.Get("ExternalId") == "refuse", r.Form.Get("Action") == "GetCallerIdentity":
			refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The canonical string should have been "+told)(w, r)
		case r.Form.Get("ExternalId") == "garble":
			_, _ = io.WriteString(w, "<AssumeRoleResponse><"+told)
		default:
			_, _ = io.WriteString(w, assumeRoleAnswer)
		}
	}

	material := Resolve(t.Context(), plan, probe.Needs{
		References: slices.Collect(maps.Values(references)),
		Principals: slices.Collect(maps.Keys(plan.Principals)),
	})
	_, whoAmI := WhoAmI(t.Context(), plan, "fixed")

	// The test proves something only if secrets and errors are there.
	if got := material.Secrets[references["env"]].Reveal(); got != apiKey {
		t.Fatalf("api key is %q, want %q", got, apiKey)
	}
	if got := material.Credentials["role"].SessionToken.Reveal(); got != roleToken {
		t.Fatalf("session token is %q, want %q", got, roleToken)
	}
	errs := map[string]error{"WhoAmI": whoAmI}
	for _, name := range []string{"two lines", "fails", "killed", "too long", "broken"} {
		errs["reference "+name] = material.Secrets[references[name]].Err
	}
	for _, name := range []string{"refused", "garbled", "babbles", "fails"} {
		errs["principal "+name] = material.Credentials[name].Err
	}

	var hidden []string
	for _, value := range []string{apiKey, password, fixedKey, fixedTok, babble, roleSecret, roleToken} {
		hidden = append(hidden, forms(value)...)
	}
	check := func(name string, v any) {
		t.Helper()
		for how, output := range printed(v) {
			for _, form := range hidden {
				if strings.Contains(output, form) {
					t.Errorf("%s shows %q by %s:\n%s", name, form, how, output)
				}
			}
		}
	}
	check("material", material)
	check("plan", plan)
	for ref, resolved := range material.Secrets {
		check(ref.String(), resolved)
		check("pointer to "+ref.String(), &resolved)
	}
	for name, resolved := range material.Credentials {
		check(name, resolved)
		check("pointer to "+name, &resolved)
	}
	for name, err := range errs {
		if err == nil {
			t.Fatalf("%s did not fail", name)
		}
		check(name, err)
	}
}

// printed is v in every way in which a careless line of code could print it.
func printed(v any) map[string]string {
	out := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	encoded, err := json.Marshal(v)
	out["JSON"] = string(encoded) + text(err)
	var log bytes.Buffer
	for how, handler := range map[string]slog.Handler{
		"slog text": slog.NewTextHandler(&log, nil), "slog JSON": slog.NewJSONHandler(&log, nil),
	} {
		log.Reset()
		slog.New(handler).LogAttrs(context.Background(), slog.LevelError, "resolved", slog.Any("value", v))
		out[how] = log.String()
	}
	return out
}

// forms are the ways in which a secret may be written: as it is, encoded, and its first eight characters.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{
		secret,
		secret[:8],
		base64.StdEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)),
		url.QueryEscape(secret),
		strings.Trim(string(quoted), `"`),
		strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
}
