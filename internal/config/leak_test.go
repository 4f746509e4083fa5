package config

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// Two secrets: one that looks like a key, which shows nowhere, and one that looks like a word, which shows nowhere
// that a secret may stand.
const (
	strong = "sk-live-0123456789abcdef"
	weak   = "hunter"
)

// secretKeys are the keys under which a secret may stand.
var secretKeys = []string{
	"profile", "role_arn", "external_id", "session_name", "session_policy", "access_key_id", "secret_access_key", "session_token",
	"api_key", "token", "headers", "query", "path", "body", "proxy", "mutual_tls",
}

// TestLeak plants secrets in every place of a configuration, right or wrong, as a scalar, in a list, as a value and as
// a key, and reads everything that is said of it.
func TestLeak(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	variants := map[string]func(secret string) *yaml.Node{
		"scalar":  func(s string) *yaml.Node { return scalarNode(s) },
		"list":    func(s string) *yaml.Node { return collection(yaml.SequenceNode, scalarNode(s)) },
		"value":   func(s string) *yaml.Node { return collection(yaml.MappingNode, scalarNode("a"), scalarNode(s)) },
		"key":     func(s string) *yaml.Node { return collection(yaml.MappingNode, scalarNode(s), scalarNode("a")) },
		"padded":  func(s string) *yaml.Node { return scalarNode("Bearer " + s) },
		"url":     func(s string) *yaml.Node { return scalarNode("https://user:" + s + "@a.example.com/?key=" + s) },
		"alias":   func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: "*" + s} },
		"tag":     func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!" + s, Value: s} },
		"comment": func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", LineComment: s} },
	}
	planted := 0
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			var document yaml.Node
			if err := yaml.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			visit(&document, false, func(n *yaml.Node, secretPlace bool) {
				before := *n
				for _, secret := range []string{strong, weak} {
					if secret == weak && !secretPlace {
						continue
					}
					*n = *variant(secret)
					planted++
					checkSilence(t, &document, secret)
				}
				*n = before
			})
		})
	}
	if planted < 1000 {
		t.Errorf("planted %d secrets, want some thousand", planted)
	}
}

// visit calls f for each value and each key below n.
func visit(n *yaml.Node, secretPlace bool, f func(n *yaml.Node, secretPlace bool)) {
	for i, child := range n.Content {
		inner := secretPlace
		if n.Kind == yaml.MappingNode {
			key := n.Content[i-i%2].Value
			inner = secretPlace || slices.Contains(secretKeys, key) && i%2 == 1
		}
		if n.Kind != yaml.DocumentNode {
			f(child, inner)
		}
		visit(child, inner, f)
	}
}

func checkSilence(t *testing.T, document *yaml.Node, secret string) {
	t.Helper()
	var text bytes.Buffer
	dumper, err := yaml.NewDumper(&text)
	if err != nil {
		t.Fatal(err)
	}
	if dumper.Dump(document) != nil || dumper.Close() != nil {
		return // nothing that could stand in a file
	}
	f, err := Load("probe.yaml", memory(text.String()))
	said := errorText(err)
	if f != nil {
		said = strings.Join(f.Warnings, "\n")
		_, err := f.Plan("prod")
		said += errorText(err)
	}
	if strings.Contains(said, secret[:4]) {
		t.Errorf("%s\nleaks from:\n%s", said, text.String())
	}
}

func scalarNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func collection(kind yaml.Kind, content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: kind, Content: content}
}

// TestPrintKeepsSecrets plants secrets where they are sent from.
func TestPrintKeepsSecrets(t *testing.T) {
	text := strings.ReplaceAll(`version: 1
principals:
  caller: {access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: {value: SECRET}, session_token: {command: [./token, SECRET]}}
environments:
  sandbox:
    region: eu-west-1
    principal: caller
    proxy: http://SECRET:SECRET@proxy.example.com:3128
    apis:
      - name: orders
        id: a1b2c3d4e5
        stage: prod
        routes:
          - request: POST /orders/{id}
            authorization: AWS_IAM
            path: {id: SECRET}
            query: {key: SECRET, keys: [SECRET]}
            headers: {X-Key: SECRET, X-Other: {value: SECRET}}
            body: SECRET
            api_key_required: true
            api_key: {value: SECRET}
`, "SECRET", strong)
	f := load(t, text)
	var out strings.Builder
	if err := f.Print(&out, "sandbox"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), strong[:4]) {
		t.Errorf("printed:\n%s", out.String())
	}
}
