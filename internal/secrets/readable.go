package secrets

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// readable says in one line why the AWS SDK failed. It does not wrap err: the SDK's errors hold whole answers, which
// may hold credentials.
func readable(ctx context.Context, err error, known ...aws.Credentials) error {
	var api smithy.APIError
	if ctx.Err() != nil && !errors.As(err, &api) {
		return context.Cause(ctx)
	}
	line, _, _ := strings.Cut(describe(err), "\n") // what follows may be the canonical request with its token
	return errors.New(redact(line, known...))
}

// describe keeps of the SDK's chain what a reader can act on.
func describe(err error) string {
	var (
		operation *smithy.OperationError
		api       smithy.APIError
		response  *smithyhttp.ResponseError
		transport *url.Error
		profile   config.SharedConfigProfileNotExistError
		process   *processcreds.ProviderError
		exit      *exec.ExitError
	)
	switch {
	case errors.As(err, &operation): // others may be inside: one role's credentials are asked for with another's
		return fmt.Sprintf("%s %s: %s", operation.Service(), operation.Operation(), describe(operation.Err))
	case errors.As(err, &api) && api.ErrorCode() != unknownError:
		return api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(err, &transport):
		return transport.Err.Error()
	case errors.As(err, &response):
		return fmt.Sprintf("HTTP %d: unreadable answer", response.HTTPStatusCode())
	case errors.As(err, &profile):
		return fmt.Sprintf("no such profile: %q", profile.Profile)
	case errors.As(err, &process) && errors.As(err, &exit):
		return "credential_process: " + exit.String()
	case errors.As(err, &process): // whose text may quote what the process printed
		return "credential_process: unusable output"
	default:
		return err.Error()
	}
}

// unknownError is the SDK's code for an answer that has none.
const unknownError = "UnknownError"

// inside strips the outermost operation, for callers whose words name it already.
func inside(err error) error {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return operation.Err
	}
	return err
}

// looksSecret matches access key ids, JSON web tokens, signatures, and what may be a secret access key or a session
// token.
var looksSecret = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\beyJ[\w.-]{8,}|\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{40,}=*`)

// redact takes out the credentials that are known to be at hand, and everything that looks like one.
func redact(text string, known ...aws.Credentials) string {
	const redacted = "[redacted]"
	for _, k := range known {
		for _, value := range []string{k.SecretAccessKey, k.SessionToken, k.AccessKeyID} {
			if value != "" {
				text = strings.ReplaceAll(text, value, redacted)
			}
		}
	}
	return looksSecret.ReplaceAllStringFunc(text, func(match string) string {
		if isPath(match) {
			return match
		}
		return redacted
	})
}

// isPath tells the path of a file from a key: all kinds of characters occur in a key.
func isPath(s string) bool {
	mixed := strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(s, "0123456789")
	return strings.Contains(s, "/") && !mixed
}
