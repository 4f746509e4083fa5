package probe

import (
	"fmt"
	"log/slog"
)

// Secret is a value that must never be shown. Every way of printing or marshalling it says "[redacted]"; only
// [Secret.Reveal] gives the value, to the code that puts it on the wire.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

const redacted = "[redacted]"

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

var (
	_ fmt.Formatter  = Secret{}
	_ fmt.Stringer   = Secret{}
	_ slog.LogValuer = Secret{}
)

// Reference says where a secret comes from without holding it. It is resolved for each run anew, before the first
// packet.
type Reference struct {
	Env     string   // name of an environment variable
	File    string   // absolute path; a trailing line break is cut off
	Command []string // argv; standard output is the secret, a trailing line break is cut off
	Dir     string   // directory that Command runs in
	Value   Secret   // the value itself, meant for the sandbox
	OAuth2  *OAuth2  // a token by client credentials; nil: none

	SSM            string     // name or ARN of a parameter of AWS Systems Manager
	SecretsManager string     // name or ARN of a secret of AWS Secrets Manager
	Region         string     // of these two; empty: that of the ARN, or of the AWS settings
	As             *Principal // who reads these two; nil: the default chain

	Origin string // file:line:column of the reference
}

// Stored reports whether the secret is in one of AWS's stores.
func (r *Reference) Stored() bool { return r.SSM != "" || r.SecretsManager != "" }

// OAuth2 gets a token by the client credentials grant.
type OAuth2 struct {
	TokenURL     string
	ClientID     string
	ClientSecret *Reference
	Scopes       []string
	Audience     string // empty: none is asked for
}

// String names the source, never the value.
func (r *Reference) String() string {
	switch {
	case r == nil:
		return "no reference"
	case r.Env != "":
		return fmt.Sprintf("environment variable %q", r.Env)
	case r.File != "":
		return fmt.Sprintf("file %q", r.File)
	case len(r.Command) > 0:
		return fmt.Sprintf("command %q", r.Command[0])
	case r.OAuth2 != nil:
		return fmt.Sprintf("client credentials at %q", r.OAuth2.TokenURL)
	case r.SSM != "":
		return fmt.Sprintf("SSM parameter %q", r.SSM)
	case r.SecretsManager != "":
		return fmt.Sprintf("Secrets Manager secret %q", r.SecretsManager)
	default:
		return "value in the configuration"
	}
}

// place names the source and where the plan refers to it.
func (r *Reference) place() string {
	if r.Origin == "" {
		return r.String()
	}
	return fmt.Sprintf("%s (%s)", r, r.Origin)
}

// Literal is a reference to a value that is already at hand, for plans built in Go.
func Literal(value string) *Reference { return &Reference{Value: NewSecret(value)} }
