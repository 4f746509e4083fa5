package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"apigwprobe/internal/config"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/spf13/cobra"
)

const (
	defaultConfig = "probe.yaml"
	// builtin is the environment that is there without a configuration.
	builtin = "sandbox"
)

func addConfig(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", defaultConfig, "configuration: a file, or a directory of *.yaml")
}

// environment is what a command works on: an environment of a configuration, or the embedded sandbox.
type environment struct {
	name    string
	file    *config.File
	sandbox *sandbox.Environment // nil: the APIs are elsewhere
}

// openEnvironment finds an environment in the configuration at path. If nobody defines it there, the sandbox is started
// inside this process, with faults if there are any.
func openEnvironment(path, name string, faults []string) (*environment, error) {
	if name == builtin && path == defaultConfig && missing(path) {
		return openBuiltin(faults)
	}
	file, err := loadConfig(path)
	if err != nil {
		return nil, err
	}
	defined := slices.Contains(file.Environments(), name)
	if name == builtin && !defined {
		return openBuiltin(faults)
	}
	if !defined {
		_, err := file.Plan(name) // which says what names there are
		return nil, err
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("--fault: got the environment %q of %s, want the built-in sandbox", name, path)
	}
	return &environment{name: name, file: file}, nil
}

func loadConfig(path string) (*config.File, error) {
	file, err := config.Load(path, config.Options{Scenarios: scenarios.Names()})
	if err != nil && missing(path) {
		return nil, hinted{err, "--config names another file; probe run sandbox needs none"}
	}
	return file, err
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// openBuiltin starts the embedded gateway on loopback and reads its configuration, which never touches the disk.
func openBuiltin(faults []string) (*environment, error) {
	served, err := sandbox.Serve("127.0.0.1:0", faults...)
	if err != nil {
		return nil, err
	}
	files := served.Files("")
	file, err := config.Load(sandbox.ConfigName, config.Options{
		Scenarios: scenarios.Names(),
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return text, nil
			}
			return nil, fs.ErrNotExist
		},
	})
	if err != nil {
		_ = served.Close() // the first error is the one to tell
		return nil, err
	}
	return &environment{name: builtin, file: file, sandbox: served}, nil
}

// where finds what is declared in the files of the configuration; the built-in one has none.
func (e *environment) where() func(api, route string) (file string, line int) {
	if e.sandbox != nil {
		return nil
	}
	return func(api, route string) (string, int) { return e.file.Where(e.name, api, route) }
}

// close stops the embedded gateway, if there is one.
func (e *environment) close() {
	if e.sandbox != nil {
		_ = e.sandbox.Close() // nobody is served any more
	}
}

// plan is what a run needs: all there is, with the client certificates and their keys.
func (e *environment) plan() (probe.Plan, error) { return e.file.Plan(e.name) }

// outline is the plan of one environment for those who only look at it. Keys of client certificates are secrets, which
// need not be where a plan is counted or printed: that they are missing is no mistake here.
func outline(file *config.File, name string) (probe.Plan, error) {
	plan, err := file.Plan(name)
	var keys *config.Error // the configuration itself was without mistakes
	if errors.As(err, &keys) {
		return plan, nil
	}
	return plan, err
}

// warn prints what the configuration allows and should not.
func (e *environment) warn(w io.Writer) { warn(w, e.file) }

func warn(w io.Writer, file *config.File) {
	for _, warning := range file.Warnings {
		_, _ = fmt.Fprintf(w, "warning: %s\n", warning)
	}
}
