package secrets

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestRedact(t *testing.T) {
	known := aws.Credentials{AccessKeyID: "id", SecretAccessKey: "s3cr3t", SessionToken: "t0k3n"}
	tests := []struct{ name, text, want string }{
		{"known", "with s3cr3t and t0k3n of id", "with [redacted] and [redacted] of [redacted]"},
		{"access-key-id", "key AKIAIOSFODNN7EXAMPLE unknown", "key [redacted] unknown"},
		{"temporary-access-key-id", "key ASIAIOSFODNN7EXAMPLE unknown", "key [redacted] unknown"},
		{"secret-access-key", "not wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY here", "not [redacted] here"},
		{"session-token", "token " + roleToken + ".", "token [redacted]."},
		{"web-identity", "token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0._-x refused", "token [redacted] refused"},
		{"signature", "expected " + strings.Repeat("0a", 32), "expected [redacted]"},
		{
			"role",
			"User: arn:aws:sts::123456789012:assumed-role/probe/session is not authorized to perform: sts:AssumeRole",
			"User: arn:aws:sts::123456789012:assumed-role/probe/session is not authorized to perform: sts:AssumeRole",
		},
		{
			"path",
			"open /home/ci/aws/sso/cache/da39a3ee5e6b4b0d3255bfef95601890afd80709.json: permission denied",
			"open /home/ci/aws/sso/cache/da39a3ee5e6b4b0d3255bfef95601890afd80709.json: permission denied",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := redact(test.text, known); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
