package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"apigwprobe/internal/sandbox"

	"github.com/spf13/cobra"
)

type sandboxOptions struct {
	streams Streams
	listen  string
	dir     string
	faults  faults
}

func newSandboxCommand(s Streams) *cobra.Command {
	o := &sandboxOptions{streams: s}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the embedded API Gateway look-alike on loopback",
		Long: `Sandbox serves the gateway that probe run sandbox probes, until it is interrupted, for other tools and for looking
around. It prints a configuration for it, with made-up secrets that open nothing else, and to standard error the environment
variables that lead AWS's own clients to its account; --dir writes them to account.env, too.

It listens on loopback only. The certificate authority of its certificates is new each time.`,
		Example: `  probe sandbox --dir /tmp/sandbox
  probe run sandbox --config /tmp/sandbox/probe.yaml   # in another terminal
  . /tmp/sandbox/account.env; aws apigateway get-rest-apis
  probe sandbox --fault cdn-strips-authorization,key-disabled`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.faults.list {
				return o.faults.show(o.streams, tableFormat)
			}
			if err := o.faults.check(); err != nil {
				return err
			}
			return serve(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8443", "loopback address to listen on; port 0 takes a free one")
	flags.StringVar(&o.dir, "dir", "", "write probe.yaml, the certificates and account.env here; without it, only those, to a temporary directory")
	o.faults.add(cmd)
	return cmd
}

func serve(ctx context.Context, o *sandboxOptions) error {
	if err := checkLoopback(o.listen); err != nil {
		return err
	}
	dir, err := o.prepare()
	if err != nil {
		return err
	}
	if o.dir == "" {
		defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left of a temporary directory
	}
	served, err := sandbox.Serve(o.listen, o.faults.names...)
	if err != nil {
		return err
	}
	defer func() { _ = served.Close() }() // its connections are dropped, whatever they were at

	files := served.Files(dir)
	config := files[sandbox.ConfigName]
	delete(files, sandbox.ConfigName)
	for name, content := range files {
		if err := writeWhole(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	if o.dir != "" { // last, so that whoever waits for it finds everything
		if err := writeWhole(filepath.Join(dir, defaultConfig), config); err != nil {
			return err
		}
	}
	if _, err := o.streams.Out.Write(config); err != nil {
		return err
	}
	for _, variable := range served.Account() {
		_, _ = fmt.Fprintf(o.streams.Err, "export %s\n", variable)
	}
	_, _ = fmt.Fprintf(o.streams.Err, "probe: serving the sandbox on https://%s until interrupted\n", served.Addr)
	<-ctx.Done()
	return nil
}

// checkLoopback refuses addresses that others could reach: the sandbox has known secrets.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	ip, errIP := netip.ParseAddr(host)
	if err != nil || host != "localhost" && (errIP != nil || !ip.IsLoopback()) {
		return hinted{fmt.Errorf("--listen: got %q, want a loopback address", addr), "127.0.0.1:8443 is one"}
	}
	return nil
}

// prepare returns the absolute path of the directory for the files, and refuses one with a configuration that the
// sandbox did not write.
func (o *sandboxOptions) prepare() (string, error) {
	if o.dir == "" {
		return os.MkdirTemp("", "probe-sandbox-")
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, defaultConfig)
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dir, nil
	case err != nil:
		return "", err
	case !bytes.HasPrefix(old, []byte(sandbox.ConfigHeader)):
		return "", fmt.Errorf("writing %q: got a configuration that is not the sandbox's, want another --dir", path)
	}
	return dir, nil
}

// writeWhole writes a file that nobody ever sees half of.
func writeWhole(path string, content []byte) error {
	out, err := createOutput(path, nil)
	if err != nil {
		return err
	}
	defer out.discard()
	if _, err := out.Write(content); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return out.commit()
}
