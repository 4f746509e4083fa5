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
	gateway *sandbox.Server // nil: the APIs are elsewhere
}

// openEnvironment finds an environment in the configuration at path. If nobody defines it there, the sandbox is started
// inside this process.
func openEnvironment(path, name string) (*environment, error) {
	if name == builtin && path == defaultConfig && missing(path) {
		return openBuiltin()
	}
	file, err := loadConfig(path)
	if err != nil {
		return nil, err
	}
	defined := slices.Contains(file.Environments(), name)
	if name == builtin && !defined {
		return openBuiltin()
	}
	if !defined {
		_, err := file.Plan(name) // which says what names there are
		return nil, err
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
func openBuiltin() (*environment, error) {
	server, err := serveSandbox("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	const path, caFile = "sandbox.yaml", "ca.pem"
	files := map[string][]byte{path: []byte(sandbox.BuiltinConfig(server.Addr, caFile)), caFile: server.CA}
	file, err := config.Load(path, config.Options{
		Scenarios: scenarios.Names(),
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return text, nil
			}
			return nil, fs.ErrNotExist
		},
	})
	if err != nil {
		_ = server.Close() // the first error is the one to tell
		return nil, err
	}
	return &environment{name: builtin, file: file, gateway: server}, nil
}

func serveSandbox(addr string) (*sandbox.Server, error) {
	gateway, err := sandbox.New(sandbox.Builtin())
	if err != nil {
		return nil, fmt.Errorf("building the sandbox: %w", err)
	}
	return gateway.Listen(addr)
}

// close stops the embedded gateway, if there is one.
func (e *environment) close() {
	if e.gateway != nil {
		_ = e.gateway.Close() // nobody is served any more
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
