package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apigwprobe/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

// Secrets come from AWS's stores, read by whom the reference names.
func TestStoredSecrets(t *testing.T) {
	m := sandbox.Builtin()
	g := account(t, m)
	operator := m.Principals[len(m.Principals)-1]
	t.Setenv("OPERATOR_SECRET", operator.SecretKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "of the default chain, and wrong")
	const parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/api-key"
	for _, test := range []struct {
		name, reference string
		code            ExitCode
		want            string // a part of what is said
		call            sandbox.Call
	}{
		{
			name: "parameter", reference: "{ssm: /orders/api-key, region: eu-west-1, as: operator}",
			call: sandbox.Call{Principal: operator.ARN, Operation: "GetParameter", Action: "ssm:GetParameter", Resource: parameter},
		},
		{
			name: "parameter by ARN", reference: "{ssm: " + parameter + ", as: operator}",
			call: sandbox.Call{Principal: operator.ARN, Operation: "GetParameter", Action: "ssm:GetParameter", Resource: parameter},
		},
		{
			name: "secret", reference: "{secretsmanager: catalog/api-key, region: eu-west-1, as: operator}",
			call: sandbox.Call{
				Principal: operator.ARN, Operation: "GetSecretValue", Action: "secretsmanager:GetSecretValue",
				Resource: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:catalog/api-key-6b2b19",
			},
		},
		{
			name: "none there", reference: "{ssm: /nothing, as: operator}", code: ExitUsage, want: `SSM parameter "/nothing" (probe.yaml:17:22): SSM GetParameter: ParameterNotFound`,
			call: sandbox.Call{
				Principal: operator.ARN, Operation: "GetParameter", Action: "ssm:GetParameter",
				Resource: "arn:aws:ssm:eu-west-1:111122223333:parameter/nothing", Failed: "ParameterNotFound",
			},
		},
		{
			name: "default chain", reference: "{secretsmanager: catalog/api-key}", code: ExitUsage,
			want: `Secrets Manager secret "catalog/api-key" (probe.yaml:17:22): Secrets Manager GetSecretValue: InvalidSignatureException`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "probe.yaml")
			text := fmt.Sprintf(`version: 1
principals:
  operator:
    access_key_id: %s
    secret_access_key: {env: OPERATOR_SECRET}
environments:
  lab:
    region: eu-west-1
    apis:
      - name: orders
        id: a1b2c3d4e5
        stage: prod
        routes:
          - request: GET /orders
            authorization: NONE
            api_key_required: true
            api_key: %s
`, operator.AccessKeyID, test.reference)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			before := len(g.Calls())
			var out, messages bytes.Buffer
			code := Run(t.Context(), []string{"validate", "--config", path, "--resolve"}, Streams{Out: &out, Err: &messages})
			said := strings.ReplaceAll(out.String()+messages.String(), dir+string(filepath.Separator), "")
			if code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("got exit code %d and %q, want %d and %q", code, said, test.code, test.want)
			}
			for _, secret := range []string{m.Keys[0].Value, m.Keys[1].Value, operator.SecretKey} {
				if strings.Contains(said, secret) {
					t.Errorf("got a secret in %q", said)
				}
			}
			var got sandbox.Call
			if calls := g.Calls()[before:]; len(calls) > 0 {
				got = calls[0]
			}
			if diff := cmp.Diff(test.call, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
