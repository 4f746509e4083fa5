package discover

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/config"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var day = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// load reads a configuration that was written and returns its only environment.
func load(t testing.TB, text []byte) probe.Plan {
	t.Helper()
	file, err := config.Load("probe.yaml", config.Options{ReadFile: func(string) ([]byte, error) { return text, nil }})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	plan, err := file.Plan("discovered")
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestFromOpenAPI(t *testing.T) {
	documents, err := filepath.Glob("testdata/*.[yj]*")
	if err != nil || len(documents) < 3 {
		t.Fatalf("got %d documents, want 3: %v", len(documents), err)
	}
	for _, document := range documents {
		t.Run(filepath.Base(document), func(t *testing.T) {
			data, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			inventory, err := FromOpenAPI(data, filepath.Base(document), "")
			if err != nil {
				t.Fatal(err)
			}
			got := inventory.File("discovered", day)
			load(t, got)
			golden := strings.TrimSuffix(document, filepath.Ext(document)) + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromOpenAPIRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                          `reading "x": got neither "openapi" nor "swagger", want an OpenAPI document`,
		"a: [":                      `reading "x": got neither JSON nor YAML`,
		"openapi: 3.0.1\npaths: {}": `reading "x": got no operation, want at least one`,
	} {
		if _, err := FromOpenAPI([]byte(text), "x", ""); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// Whatever an account has in its names, the file stays a configuration, and says nothing that is not meant.
func FuzzFile(f *testing.F) {
	f.Add("orders", "prod", "/orders/{id}", "note")
	f.Add("Orders: \"API\"\n  evil: true", "v1", "/a b/{x", "\r\n    apis: []\u2028x")
	f.Add("…", "$default", "/{proxy+}", "# {")
	f.Add("true", "1", "/", "\x00\xff")
	f.Fuzz(func(t *testing.T, name, stage, path, text string) {
		if !segment.MatchString(stage) || len(stage) > 64 || strings.Trim(stage, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || stage == "" {
			stage = "prod" // API Gateway takes no other
		}
		a := API{
			Name: name, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: stage, Type: probe.REST, DefaultEndpoint: probe.Enabled, PlansKnown: true,
			Notes: []string{text}, Plans: []Plan{{Name: text, Keys: []string{text}}},
			Responses: make(map[string]probe.GatewayResponse),
			Routes: []Route{
				{Method: "GET", Path: path, Authorization: probe.AuthCustom, APIKeyRequired: true, Scopes: []string{text}, Notes: []string{text}, Authorizer: newAuthorizer(text, text, []string{text})},
				{Method: "GET", Path: "/known", Authorization: probe.AuthIAM, APIKeyRequired: true, Required: nil},
			},
		}
		addResponse(a.Responses, "ACCESS_DENIED", 403, map[string]string{"application/json": text})
		v := &Inventory{Source: text, Notes: []string{text}, APIs: []API{a, a}, Problems: []Problem{{What: text, Err: os.ErrNotExist}}}
		v.APIs[1].ID, v.APIs[1].Routes = "b1b2c3d4e5", nil
		plan := load(t, v.File("discovered", day))
		if len(plan.APIs) != 2 || plan.APIs[0].ID != a.ID || plan.APIs[1].ID != "b1b2c3d4e5" {
			t.Errorf("got %d APIs, want two", len(plan.APIs))
		}
	})
}

func FuzzFromOpenAPI(f *testing.F) {
	for _, name := range []string{"rest.yaml", "http.yaml", "swagger.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if inventory, err := FromOpenAPI(data, "x", "eu-west-1"); err == nil {
			load(t, inventory.File("discovered", day))
		}
	})
}

func TestNamesOfEntries(t *testing.T) {
	long := strings.Repeat("long-", 40)
	v := &Inventory{APIs: []API{
		{Name: "my api", ID: "a1"}, {Name: "my-api", ID: "b2"}, {Name: "my/api", ID: "c3"},
		{Name: "orders", ID: "d4", Stage: "prod"}, {Name: "orders", ID: "d4", Stage: "$default"}, {Name: "orders-prod", ID: "e5"},
		{Name: "|", ID: "f6"}, {Name: "日本", ID: "g7"}, {Name: "api"}, {Name: "api"},
		{Name: "shop", ID: "h8", Region: "eu-west-1"}, {Name: "shop", ID: "i9", Region: "us-east-1"},
		{Name: long, ID: "j10", Region: "ap-southeast-1", Stage: long}, {Name: long, ID: "j10", Region: "ap-southeast-1", Stage: long + "2"},
		{Name: long, ID: "k11", Region: "eu-west-1"},
	}}
	want := []string{
		"my-api-a1", "my-api", "my-api-c3", "orders-prod-d4", "orders-default", "orders-prod", "api-f6", "api-g7", "api", "api-2",
		"shop-eu-west-1", "shop-us-east-1",
		"long-long-lo-long-long-long-long-long-ap-southeast-1", "long-long-lo-long-long-long-long-long-ap-southeast-1-j10",
		"long-long-long-long-long-long-long-long-eu-west-1",
	}
	got := v.names()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCatchAll(t *testing.T) {
	route := func(method, path string, a probe.Authorization) Route {
		return Route{Method: method, Path: path, Authorization: a}
	}
	whole := route("", defaultRoute, probe.AuthJWT)
	for name, c := range map[string]struct {
		api  API
		want probe.Declared
	}{
		"none":                   {API{Routes: []Route{route("GET", "/a", probe.AuthNone), route("POST", "/{proxy+}", probe.AuthIAM)}}, probe.Absent},
		"the default route":      {API{Routes: []Route{whole}}, probe.Declared(probe.AuthJWT)},
		"a proxy before that":    {API{Routes: []Route{whole, route("ANY", "/{all+}", probe.AuthIAM)}}, probe.Declared(probe.AuthIAM)},
		"a method before any":    {API{Routes: []Route{route("ANY", "/{all+}", probe.AuthIAM), route("GET", "/{all+}", probe.AuthNone)}}, probe.Declared(probe.AuthNone)},
		"a proxy further down":   {API{Routes: []Route{route("ANY", "/a/{all+}", probe.AuthIAM)}}, probe.Absent},
		"some of them":           {API{Routes: []Route{route("GET", "/{id}", probe.AuthIAM)}}, probe.Unknown},
		"some of them, and all":  {API{Routes: []Route{whole, route("GET", "/{id}", probe.AuthIAM)}}, probe.Unknown},
		"some of them as others": {API{Routes: []Route{whole, route("GET", "/{id}", probe.AuthJWT)}}, probe.Declared(probe.AuthJWT)},
		"a handshake":            {API{Type: probe.WebSocket, Routes: []Route{whole}}, probe.Unknown},
	} {
		if got := c.api.catchAll(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
