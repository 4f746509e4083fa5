package manifest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// plans are two environments: one with all that manifests are filled with, one with nothing.
func plans() []probe.Plan {
	key := &probe.Reference{Env: "ORDERS_API_KEY"}
	return []probe.Plan{
		{
			Environment: "prod", Schedule: "*/15 6-22 * * mon-fri", Timezone: "Europe/Dublin", RunTimeout: 5 * time.Minute,
			Principals: map[string]probe.Principal{
				"caller":   {Name: "caller", RoleARN: "arn:aws:iam::123456789012:role/probe-caller", ExternalID: "tell-nobody"},
				"fixed":    {Name: "fixed", AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: &probe.Reference{Env: "FIXED_SECRET"}},
				"outsider": {Name: "outsider", RoleARN: "arn:aws:iam::123456789012:role/probe-outsider"},
			},
			APIs: []probe.API{{
				Name: "orders", Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
				Routes: []probe.Route{
					{Method: "GET", Path: "/orders/{id}", Authorization: probe.AuthIAM, Principal: "caller", Outsider: "outsider", APIKeyRequired: true, APIKey: key},
					{Method: "GET", Path: "/orders", Authorization: probe.AuthIAM, Principal: "fixed", Outsider: "outsider", APIKeyRequired: true, APIKey: key},
					{Method: "GET", Path: "/orders/mine", Authorization: probe.AuthJWT, Token: probe.Token{Given: map[probe.TokenKind]*probe.Reference{
						probe.ValidToken: {OAuth2: &probe.OAuth2{TokenURL: "https://login.example.com/token", ClientID: "probe", ClientSecret: &probe.Reference{Env: "CLIENT_SECRET"}}},
					}}},
				},
			}},
		},
		{
			Environment: "staging", RunTimeout: 5 * time.Minute,
			APIs: []probe.API{{Name: "orders", Type: probe.HTTP, ID: "f6g7h8i9j0", Region: "eu-west-1", Stage: "$default",
				Routes: []probe.Route{{Method: "GET", Path: "/health", Authorization: probe.AuthNone}}}},
		},
	}
}

// texts stands in for the configuration that plans come from.
var texts = map[string]string{"probe.yaml": "  # with comments, which begin anywhere\nversion: 1\n\nenvironments:\n  prod: {}\n"}

func input() Input {
	return Input{
		Config: "deploy/probe.yaml", Path: "/etc/probe/probe.yaml", Plans: plans(),
		Texts:  func() (map[string]string, error) { return texts, nil },
		Rights: []probe.Right{right("ssm:GetParameter", "arn:aws:ssm:eu-west-1:*:parameter/probe/key"), right("sns:Publish", "arn:aws:sns:*:*:*")},
		Say:    func(string) {},
	}
}

func TestGolden(t *testing.T) {
	for _, kind := range Kinds() {
		if kind.Name == grafana.Name || kind.Name == prometheusRules.Name {
			continue // files that stand here as they are given
		}
		t.Run(kind.Name, func(t *testing.T) {
			in := input()
			if !kind.Environments {
				in.Plans = nil
			}
			var got bytes.Buffer
			if err := kind.Write(&got, in); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", kind.Name+".golden")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s: (-want +got), -update writes it\n%s", path, diff)
			}
		})
	}
}

// written is what a kind writes for plans, cut into files at the lines that begin with mark and name them.
func written(t *testing.T, kind Kind, mark string) map[string]string {
	t.Helper()
	var all bytes.Buffer
	if err := kind.Write(&all, input()); err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, part := range strings.Split("\n"+all.String(), "\n"+mark)[1:] {
		name, text, _ := strings.Cut(part, "\n")
		files[filepath.Base(name)] = text
	}
	return files
}

// tool is the path of another world's program. Without it the test is skipped; in CI it is there.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", name)
		}
		t.Skipf("%s is missing: what it would check is not checked here", name)
	}
	return path
}

func TestVariables(t *testing.T) {
	if diff := cmp.Diff([]string{"CLIENT_SECRET", "FIXED_SECRET", "ORDERS_API_KEY"}, Variables(plans()[0])); diff != "" {
		t.Error(diff)
	}
}
