package manifest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestRouteARN(t *testing.T) {
	get := func(path string, values map[string]string) probe.Route {
		return probe.Route{Method: "GET", Path: path, PathParameters: values}
	}
	rest := probe.API{ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod"}
	for _, c := range []struct {
		api   probe.API
		route probe.Route
		want  string
	}{
		{rest, get("/orders", nil), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/orders"},
		{rest, get("/", nil), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/"},
		{rest, get("/orders/{id}/{line}", map[string]string{"id": "42"}), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/orders/42/*"},
		{rest, get("/{proxy+}", map[string]string{"proxy": "a/b"}), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/a/b"},
		{rest, get("/orders/{id}", map[string]string{"id": "a b"}), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/orders/*"},
		{rest, get("/orders/{id}", map[string]string{"id": "*"}), "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/orders/*"},
		{probe.API{ID: "f6g7h8i9j0", Region: "cn-north-1", Stage: "$default"}, get("/items", nil), "arn:aws-cn:execute-api:cn-north-1:*:f6g7h8i9j0/$default/GET/items"},
		{probe.API{ID: "c3d4e5f6a7", Region: "us-gov-west-1", Stage: "prod"}, probe.Route{Path: "$connect"}, "arn:aws-us-gov:execute-api:us-gov-west-1:*:c3d4e5f6a7/prod/$connect"},
	} {
		got, err := routeARN(c.api, c.route)
		if err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.route.Name(), got, err, c.want)
		}
	}
	const want = `api "orders": got no id, want one: ARNs are made of it`
	if got, err := routeARN(probe.API{Name: "orders"}, get("/", nil)); err == nil || err.Error() != want {
		t.Errorf("without an id: got %q (%v), want %q", got, err, want)
	}
}

func TestRolesOf(t *testing.T) {
	plan := func(principals ...probe.Principal) probe.Plan {
		p := probe.Plan{Principals: make(map[string]probe.Principal)}
		route := probe.Route{Method: "GET", Path: "/orders", Authorization: probe.AuthIAM}
		for i, principal := range principals {
			p.Principals[principal.Name] = principal
			if i == 0 {
				route.Principal = principal.Name
			} else {
				route.Outsider = principal.Name
			}
		}
		open := probe.Route{Method: "GET", Path: "/health", Authorization: probe.AuthNone}
		p.APIs = []probe.API{{Name: "orders", ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", Routes: []probe.Route{route, open}}}
		return p
	}
	const arn, account = "arn:aws:execute-api:eu-west-1:*:a1b2c3d4e5/prod/GET/orders", "123456789012"
	signer := func(name, arn string) probe.Principal { return probe.Principal{Name: name, RoleARN: arn} }
	for name, c := range map[string]struct {
		plans []probe.Plan
		want  [][]string
	}{
		"nobody named, twice": {
			[]probe.Plan{plan(), plan()},
			[][]string{{unknownAccount, "/", "probe-caller", arn}, {unknownAccount, "/", "probe-outsider"}},
		},
		"roles with paths": {
			[]probe.Plan{plan(signer("us", "arn:aws:iam::123456789012:role/team/a/in"), signer("them", "arn:aws:iam::123456789012:role/out"))},
			[][]string{{account, "/team/a/", "in", arn}, {account, "/", "out"}},
		},
		"a session without rights": {
			[]probe.Plan{plan(signer("us", "arn:aws:iam::123456789012:role/in"), signer("them", "arn:aws:iam::123456789012:role/in"))},
			[][]string{{account, "/", "in", arn}},
		},
		"a user": {
			[]probe.Plan{plan(probe.Principal{Name: "us", AccessKeyID: "AKIAIOSFODNN7EXAMPLE"}, probe.Principal{Name: "them", Profile: "them"})},
			[][]string{{unknownAccount, "/", "probe-them"}},
		},
	} {
		got, err := rolesOf(c.plans)
		if err != nil {
			t.Fatal(err)
		}
		var words [][]string
		for _, r := range got {
			words = append(words, append([]string{r.account, r.path, r.name}, r.routes...))
		}
		if diff := cmp.Diff(c.want, words); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}

	const want = `role "in": got it in the accounts 123456789012 and 210987654321, want one; name the environments of one account`
	_, err := rolesOf([]probe.Plan{plan(signer("us", "arn:aws:iam::123456789012:role/in")), plan(signer("us", "arn:aws:iam::210987654321:role/in"))})
	if err == nil || err.Error() != want {
		t.Errorf("two accounts: got %v, want %s", err, want)
	}
}

func TestRolesShowNoExternalID(t *testing.T) {
	for _, kind := range []Kind{iamRoles, iamRolesCloudFormation} {
		var got bytes.Buffer
		if err := kind.Write(&got, input()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got.String(), "tell-nobody") || !strings.Contains(got.String(), "sts:ExternalId") {
			t.Errorf("%s: got %s, want the condition without its value", kind.Name, got.String())
		}
		if !json.Valid(got.Bytes()) {
			t.Errorf("%s: got no JSON", kind.Name)
		}
	}
}

func TestTemplateIsLinted(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is missing: the template is not checked here")
	}
	if out, err := exec.Command(lint, "--version").CombinedOutput(); err != nil {
		t.Skipf("cfn-lint does not work here: %v\n%s", err, out)
	}
	var got bytes.Buffer
	if err := iamRolesCloudFormation.Write(&got, input()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "roles.json")
	if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(lint, "--", path).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}
