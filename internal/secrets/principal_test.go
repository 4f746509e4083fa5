package secrets

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

const sharedConfig = `
[default]
region = eu-central-1
aws_access_key_id = AKIADEFAULTEXAMPLE01
aws_secret_access_key = default-secret

[profile plain]
region = eu-west-3
aws_access_key_id = AKIAPLAINEXAMPLE0001
aws_secret_access_key = plain-secret
aws_session_token = plain-token

[profile no-region]
aws_access_key_id = AKIAREGIONLESS000001
aws_secret_access_key = regionless-secret

[profile role]
region = eu-west-2
role_arn = arn:aws:iam::123456789012:role/from-profile
role_session_name = from-profile
external_id = external-from-profile
source_profile = plain

[profile orphan]
role_arn = arn:aws:iam::123456789012:role/from-profile
source_profile = nobody

[profile mfa]
role_arn = arn:aws:iam::123456789012:role/from-profile
source_profile = plain
mfa_serial = arn:aws:iam::123456789012:mfa/someone

[profile sso]
sso_session = company
sso_account_id = 123456789012
sso_role_name = probe

[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.example

[profile process]
credential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROCESSEXAMPLE01","SecretAccessKey":"process-secret","Expiration":"2030-01-02T03:04:05Z"}'

[profile process-fails]
credential_process = echo s3cr3t; exit 3

[profile process-babbles]
credential_process = echo '{"SecretAccessKey": s3cr3t'

[profile process-incomplete]
credential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROCESSEXAMPLE01"}'
`

const roleARN = "arn:aws:iam::123456789012:role/probe"

// fixed are static keys, which need no AWS setting.
var fixed = probe.Principal{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: probe.Literal("fixed-secret"),
	SessionToken:    probe.Literal("fixed-token"),
}

// withRole returns p with a role to assume.
func withRole(p probe.Principal, set ...func(*probe.Principal)) probe.Principal {
	p.RoleARN = roleARN
	for _, f := range set {
		f(&p)
	}
	return p
}

func keys(id, secret, token string) probe.ResolvedCredentials {
	return probe.ResolvedCredentials{Credentials: probe.Credentials{
		AccessKeyID:     id,
		SecretAccessKey: probe.NewSecret(secret),
		SessionToken:    probe.NewSecret(token),
	}}
}

func expiring(c probe.ResolvedCredentials) probe.ResolvedCredentials {
	c.Expires = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	return c
}

func failed(text string) probe.ResolvedCredentials {
	return probe.ResolvedCredentials{Err: errors.New(`resolving principal "caller": ` + text)}
}

// resolveCaller resolves p under the name "caller" in a plan whose first region is us-east-2.
func resolveCaller(ctx context.Context, p probe.Principal) probe.ResolvedCredentials {
	return Resolve(ctx, planOf(p), probe.Needs{Principals: []string{"caller"}}).Credentials["caller"]
}

func planOf(p probe.Principal) probe.Plan {
	return probe.Plan{
		APIs:       []probe.API{{Name: "ws"}, {Name: "orders", Region: "us-east-2"}, {Name: "old", Region: "us-west-1"}},
		Principals: map[string]probe.Principal{"caller": p},
	}
}

func TestResolve_principal(t *testing.T) {
	roleCredentials := expiring(keys(roleKeyID, roleSecret, roleToken))
	tests := []struct {
		name      string
		env       map[string]string
		principal probe.Principal
		want      probe.ResolvedCredentials
		calls     []call
	}{
		{name: "static", principal: fixed, want: keys("AKIAIOSFODNN7EXAMPLE", "fixed-secret", "fixed-token")},
		{
			name: "static-needs-no-settings", env: map[string]string{"AWS_PROFILE": "missing"},
			principal: fixed, want: keys("AKIAIOSFODNN7EXAMPLE", "fixed-secret", "fixed-token"),
		},
		{
			name: "static-without-secret", principal: probe.Principal{AccessKeyID: "AKIAIOSFODNN7EXAMPLE"},
			want: failed("access key id without a secret access key"),
		},
		{
			name:      "static-without-value",
			principal: probe.Principal{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: &probe.Reference{Env: "UNSET"}},
			want:      failed(`resolving environment variable "UNSET": not set`),
		},

		{name: "default-chain-profile", want: keys("AKIADEFAULTEXAMPLE01", "default-secret", "")},
		{
			name: "default-chain-environment",
			env: map[string]string{
				"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00001", "AWS_SECRET_ACCESS_KEY": "env-secret", "AWS_SESSION_TOKEN": "env-token",
			},
			want: keys("AKIAENVIRONMENT00001", "env-secret", "env-token"),
		},
		{
			name: "default-chain-aws-profile", env: map[string]string{"AWS_PROFILE": "plain"},
			want: keys("AKIAPLAINEXAMPLE0001", "plain-secret", "plain-token"),
		},
		{
			name: "default-chain-missing-aws-profile", env: map[string]string{"AWS_PROFILE": "missing"},
			want: failed(`finding credentials in the default chain: no such profile: "missing"`),
		},
		{
			name: "default-chain-empty", env: map[string]string{"AWS_CONFIG_FILE": "/dev/null"},
			want: failed(`finding credentials in the default chain: ec2imds GetMetadata: access disabled to EC2 IMDS ` +
				`via client option, or "AWS_EC2_METADATA_DISABLED" environment variable`),
		},

		{name: "profile", principal: probe.Principal{Profile: "plain"}, want: keys("AKIAPLAINEXAMPLE0001", "plain-secret", "plain-token")},
		{
			name: "profile-before-environment",
			env:  map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00001", "AWS_SECRET_ACCESS_KEY": "env-secret"},

			principal: probe.Principal{Profile: "plain"}, want: keys("AKIAPLAINEXAMPLE0001", "plain-secret", "plain-token"),
		},
		{
			name: "profile-missing", principal: probe.Principal{Profile: "missing"},
			want: failed(`reading profile "missing": no such profile: "missing"`),
		},
		{
			name: "profile-role", principal: probe.Principal{Profile: "role"}, want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: "arn:aws:iam::123456789012:role/from-profile", ExternalID: "external-from-profile",
				SessionName: "from-profile", AccessKeyID: "AKIAPLAINEXAMPLE0001", Token: "plain-token", Region: "eu-west-2",
			}},
		},
		{
			name: "profile-role-without-source", principal: probe.Principal{Profile: "orphan"},
			want: failed(`reading profile "orphan": no such profile: "nobody"`),
		},
		{
			name: "profile-mfa", principal: probe.Principal{Profile: "mfa"},
			want: failed(`reading profile "mfa": assume role with MFA enabled, but AssumeRoleTokenProvider session option not set.`),
		},
		{
			name: "profile-sso-not-logged-in", principal: probe.Principal{Profile: "sso"},
			want: failed(`reading profile "sso": failed to refresh cached credentials, failed to read cached SSO token file, ` +
				`open HOME/.aws/sso/cache/71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json: no such file or directory`),
		},
		{
			name: "profile-process", principal: probe.Principal{Profile: "process"},
			want: expiring(keys("AKIAPROCESSEXAMPLE01", "process-secret", "")),
		},
		{
			name: "profile-process-fails", principal: probe.Principal{Profile: "process-fails"},
			want: failed(`reading profile "process-fails": credential_process: exit status 3`),
		},
		{
			name: "profile-process-babbles", principal: probe.Principal{Profile: "process-babbles"},
			want: failed(`reading profile "process-babbles": credential_process: unusable output`),
		},
		{
			name: "profile-process-incomplete", principal: probe.Principal{Profile: "process-incomplete"},
			want: failed(`reading profile "process-incomplete": credential_process: unusable output`),
		},

		{
			name: "role", principal: withRole(probe.Principal{}), want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe", AccessKeyID: "AKIADEFAULTEXAMPLE01", Region: "eu-central-1",
			}},
		},
		{
			name: "role-in-full",
			principal: withRole(probe.Principal{
				Profile: "plain", Region: "ap-south-1", ExternalID: "external", SessionName: "session", SessionPolicy: `{"Statement":[]}`,
			}),
			want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, ExternalID: "external", SessionName: "session", Policy: `{"Statement":[]}`,
				AccessKeyID: "AKIAPLAINEXAMPLE0001", Token: "plain-token", Region: "ap-south-1",
			}},
		},
		{
			name: "role-outsider", principal: withRole(probe.Principal{Profile: "plain", SessionPolicy: "deny-all"}), want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe",
				Policy:      `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`,
				AccessKeyID: "AKIAPLAINEXAMPLE0001", Token: "plain-token", Region: "eu-west-3",
			}},
		},
		{
			name: "role-from-role", principal: withRole(probe.Principal{Profile: "role"}), want: roleCredentials,
			calls: []call{
				{
					Action: "AssumeRole", RoleARN: "arn:aws:iam::123456789012:role/from-profile", ExternalID: "external-from-profile",
					SessionName: "from-profile", AccessKeyID: "AKIAPLAINEXAMPLE0001", Token: "plain-token", Region: "eu-west-2",
				},
				{
					Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe", AccessKeyID: roleKeyID, Token: roleToken, Region: "eu-west-2",
				},
			},
		},
		{
			name: "role-from-static", principal: withRole(fixed), want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe",
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Token: "fixed-token", Region: "eu-central-1",
			}},
		},
		{
			name: "role-in-the-region-of-the-plan", principal: withRole(probe.Principal{Profile: "no-region"}), want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe", AccessKeyID: "AKIAREGIONLESS000001", Region: "us-east-2",
			}},
		},
		{
			name: "role-in-the-region-of-the-environment", env: map[string]string{"AWS_REGION": "sa-east-1"},
			principal: withRole(probe.Principal{Profile: "no-region"}), want: roleCredentials,
			calls: []call{{
				Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe", AccessKeyID: "AKIAREGIONLESS000001", Region: "sa-east-1",
			}},
		},
		{
			name: "role-without-source", principal: withRole(probe.Principal{Profile: "missing"}),
			want: failed(`reading profile "missing": no such profile: "missing"`),
		},
		{
			name: "session-policy-without-role", principal: probe.Principal{Profile: "plain", SessionPolicy: "deny-all"},
			want: failed("session policy without a role"),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sts := newSTS(t, sharedConfig)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			want := test.want
			if want.Err != nil {
				want.Err = errors.New(strings.ReplaceAll(want.Err.Error(), "HOME", os.Getenv("HOME")))
			}
			got := resolveCaller(t.Context(), test.principal)
			if diff := cmp.Diff(want, got, whole); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.calls, sts.calls()); diff != "" {
				t.Errorf("calls of STS (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolve_STS_fails(t *testing.T) {
	const denied = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole on resource: " + roleARN
	role := withRole(probe.Principal{Profile: "plain"})
	tests := []struct {
		name      string
		principal probe.Principal
		answer    func(http.ResponseWriter, *http.Request)
		want      string
		calls     int
	}{
		{
			name: "access-denied", principal: role, answer: refuse(403, "AccessDenied", denied), calls: 1,
			want: `assuming role "` + roleARN + `": AccessDenied: ` + denied,
		},
		{
			name: "access-denied-in-profile", principal: probe.Principal{Profile: "role"}, answer: refuse(403, "AccessDenied", denied), calls: 1,
			want: `reading profile "role": STS AssumeRole: AccessDenied: ` + denied,
		},
		{
			name: "expired-token", principal: role, calls: 1,
			answer: refuse(403, "ExpiredToken", "The security token included in the request is expired"),
			want:   `assuming role "` + roleARN + `": ExpiredToken: The security token included in the request is expired`,
		},
		{
			name: "server-error", principal: role, answer: refuse(500, "InternalFailure", "try again"), calls: 2,
			want: `assuming role "` + roleARN + `": InternalFailure: try again`,
		},
		{
			name: "server-error-without-code", principal: role, answer: say(500, ""), calls: 2,
			want: `assuming role "` + roleARN + `": HTTP 500: unreadable answer`,
		},
		{
			name: "another-server", principal: role, answer: say(404, "<html>not found<br></html>"), calls: 1,
			want: `assuming role "` + roleARN + `": HTTP 404: unreadable answer`,
		},
		{
			name: "malformed-xml", principal: role, calls: 1,
			answer: say(200, "<AssumeRoleResponse><AssumeRoleResult><Credentials><SecretAccessKey>s3cr3t</Secret>"),
			want:   `assuming role "` + roleARN + `": HTTP 200: unreadable answer`,
		},
		{
			name: "malformed-expiration", principal: role, calls: 1,
			answer: say(200, strings.Replace(assumeRoleAnswer, roleExpiry, roleToken, 1)),
			want:   `assuming role "` + roleARN + `": HTTP 200: unreadable answer`,
		},
		{
			name: "no-credentials", principal: role, calls: 1,
			answer: say(200, "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>"),
			want:   `assuming role "` + roleARN + `": validate credentials, response did not contain credentials`,
		},
		{
			name: "no-answer", principal: role, calls: 2,
			answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			want:   `assuming role "` + roleARN + `": EOF`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sts := newSTS(t, sharedConfig)
			sts.answer = test.answer
			if diff := cmp.Diff(failed(test.want), resolveCaller(t.Context(), test.principal), whole); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
			if got := len(sts.calls()); got != test.calls {
				t.Errorf("STS was called %d times, want %d", got, test.calls)
			}
		})
	}
}

func TestResolve_STS_unreachable(t *testing.T) {
	newSTS(t, sharedConfig)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	got := resolveCaller(t.Context(), withRole(probe.Principal{Profile: "plain"}))
	want := failed(`assuming role "` + roleARN + `": dial tcp 127.0.0.1:1: connect: connection refused`)
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestResolve_STS_hangs(t *testing.T) {
	for _, principal := range []struct {
		name, doing string
		probe.Principal
	}{
		{"role", `assuming role "` + roleARN + `"`, withRole(probe.Principal{Profile: "plain"})},
		{"profile", `reading profile "role"`, probe.Principal{Profile: "role"}},
	} {
		t.Run(principal.name, func(t *testing.T) {
			released := make(chan struct{})
			sts := newSTS(t, sharedConfig)
			sts.answer = func(http.ResponseWriter, *http.Request) { <-released }
			t.Cleanup(func() { close(released) }) // before the server waits for its requests

			ctx, cancel := within(t.Context(), 100*time.Millisecond)
			defer cancel()
			want := failed(principal.doing + ": no answer within 100ms")
			if diff := cmp.Diff(want, resolveCaller(ctx, principal.Principal), whole); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolve_instance_metadata_hangs(t *testing.T) {
	newSTS(t, "")
	released := make(chan struct{})
	metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }))
	t.Cleanup(metadata.Close)
	t.Cleanup(func() { close(released) })
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)

	ctx, cancel := within(t.Context(), 100*time.Millisecond)
	defer cancel()
	want := failed("finding credentials in the default chain: no answer within 100ms")
	if diff := cmp.Diff(want, resolveCaller(ctx, probe.Principal{}), whole); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestResolve_interrupted(t *testing.T) {
	newSTS(t, sharedConfig)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := resolveCaller(ctx, withRole(probe.Principal{Profile: "plain"}))
	if !errors.Is(got.Err, context.Canceled) {
		t.Errorf("error is %q, want context.Canceled", got.Err)
	}
}

func TestWhoAmI(t *testing.T) {
	const arn = "arn:aws:sts::123456789012:assumed-role/probe/probe"
	whoami := func(id, token, region string) call {
		return call{Action: "GetCallerIdentity", AccessKeyID: id, Token: token, Region: region}
	}
	tests := []struct {
		name      string
		principal probe.Principal
		answer    func(http.ResponseWriter, *http.Request)
		want      Identity
		err       string
		calls     []call
	}{
		{
			name: "static", principal: fixed, want: Identity{Account: "123456789012", ARN: arn},
			calls: []call{whoami("AKIAIOSFODNN7EXAMPLE", "fixed-token", "eu-central-1")},
		},
		{
			name: "profile-in-the-region-of-the-plan", principal: probe.Principal{Profile: "no-region"},
			want:  Identity{Account: "123456789012", ARN: arn},
			calls: []call{whoami("AKIAREGIONLESS000001", "", "us-east-2")},
		},
		{
			name: "role", principal: withRole(probe.Principal{Profile: "plain", Region: "ap-south-1"}),
			want: Identity{Account: "123456789012", ARN: arn, Expires: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)},
			calls: []call{
				{
					Action: "AssumeRole", RoleARN: roleARN, SessionName: "probe",
					AccessKeyID: "AKIAPLAINEXAMPLE0001", Token: "plain-token", Region: "ap-south-1",
				},
				whoami(roleKeyID, roleToken, "ap-south-1"),
			},
		},
		{
			name: "expired-token", principal: fixed,
			answer: refuse(403, "ExpiredToken", "The security token included in the request is expired"),
			err:    `identifying principal "caller": ExpiredToken: The security token included in the request is expired`,
			calls:  []call{whoami("AKIAIOSFODNN7EXAMPLE", "fixed-token", "eu-central-1")},
		},
		{
			name: "not-resolved", principal: probe.Principal{Profile: "missing"},
			err: `resolving principal "caller": reading profile "missing": no such profile: "missing"`,
		},
		{
			name: "missing-profile-beside-static",
			principal: probe.Principal{
				Profile: "missing", AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: probe.Literal("fixed-secret"),
			},
			err: `identifying principal "caller": no such profile: "missing"`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sts := newSTS(t, sharedConfig)
			sts.answer = test.answer
			got, err := WhoAmI(t.Context(), planOf(test.principal), "caller")
			if got != test.want || text(err) != test.err {
				t.Errorf("got  %+v, %v\nwant %+v, %s", got, err, test.want, test.err)
			}
			if diff := cmp.Diff(test.calls, sts.calls()); diff != "" {
				t.Errorf("calls of STS (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoAmI_unknown_principal(t *testing.T) {
	_, err := WhoAmI(t.Context(), probe.Plan{}, "nobody")
	if got, want := text(err), `resolving principal "nobody": not in the plan`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
