package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/config"
)

// ExitCode is what the process exits with.
type ExitCode int

// The exit codes. They are a contract: pipelines branch on them.
const (
	ExitOK           ExitCode = 0   // no fail, nothing inconclusive, and something was proven
	ExitFail         ExitCode = 1   // at least one fail
	ExitUsage        ExitCode = 2   // usage or configuration is wrong
	ExitInconclusive ExitCode = 3   // no fail, but something is inconclusive or nothing was proven
	ExitInterrupted  ExitCode = 130 // interrupted; what was observed is reported
)

const exitCodeHelp = `Exit codes: 0 all is well and something was proven; 1 something failed; 2 usage or configuration is wrong;
3 nothing failed, but something is inconclusive or nothing was proven; 130 interrupted.`

// outcome is what a command ended with that did its work: it has reported already, and only the code is left to say.
type outcome ExitCode

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// exitCode maps what a command returned to what the process exits with. It is the only place that does.
func exitCode(err error) ExitCode {
	var o outcome
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &o):
		return ExitCode(o)
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	default:
		return ExitUsage
	}
}

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// printError tells a person what went wrong. Mistakes in a configuration or a recording start with their place, so that editors find
// it; everything else starts with the name of the program.
func printError(w io.Writer, err error) {
	if err == nil {
		return
	}
	for _, part := range parts(err) {
		var o outcome
		if errors.As(part, &o) {
			continue // it has been said
		}
		prefix := "probe: "
		var mistakes *config.Error
		var misread *capture.Error
		if errors.As(part, &mistakes) || errors.As(part, &misread) {
			prefix = ""
		}
		for line := range strings.SplitSeq(part.Error(), "\n") {
			_, _ = fmt.Fprintf(w, "%s%s\n", prefix, line)
		}
	}
	var h hinted
	if errors.As(err, &h) {
		_, _ = fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
}

// parts are the errors that were joined to err, or err alone.
func parts(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}
