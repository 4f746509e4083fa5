package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"apigwprobe/probe"
)

// maxSecret caps what a file or a command may hold: no secret is larger, and a wrong path may lead to anything.
const maxSecret = 64 << 10

var errTooLarge = fmt.Errorf("larger than %d KiB", maxSecret>>10)

// resolveReference reads the secret that ref names, which is none that an issuer has to be asked for.
func resolveReference(ctx context.Context, ref *probe.Reference) probe.ResolvedSecret {
	return resolved(ref, func() (string, error) { return read(ctx, ref) })
}

// resolved makes a secret of what get finds under ref. An error names the source and its place in the configuration.
func resolved(ref *probe.Reference, get func() (string, error)) probe.ResolvedSecret {
	value, err := get()
	value = strings.TrimRight(value, "\r\n") // editors and echo leave one behind
	if err == nil {
		err = check(value)
	}
	if err != nil {
		place := ""
		if ref.Origin != "" {
			place = " (" + ref.Origin + ")"
		}
		return probe.ResolvedSecret{Err: fmt.Errorf("resolving %s%s: %w", ref, place, err)}
	}
	return probe.ResolvedSecret{Secret: probe.NewSecret(value)}
}

func read(ctx context.Context, ref *probe.Reference) (string, error) {
	switch {
	case ref.Env != "":
		value, ok := os.LookupEnv(ref.Env)
		if !ok {
			return "", errors.New("not set")
		}
		return value, nil
	case ref.File != "":
		return readFile(ref.File)
	case len(ref.Command) > 0:
		return runCommand(ctx, ref.Command, ref.Dir)
	default:
		return ref.Value.Reveal(), nil
	}
}

// check refuses values that no header can carry, before they fail on the wire in the middle of a run.
func check(value string) error {
	if value == "" {
		return errors.New("empty")
	}
	for _, r := range value {
		if r < ' ' && r != '\t' || r == 0x7f {
			return fmt.Errorf("contains control character %U, which no header can carry", r)
		}
	}
	return nil
}

// readFile reads a regular file. Nothing else will do: a pipe may block for ever, and gives its content only once.
func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", bare(err)
	case info.IsDir():
		return "", errors.New("is a directory")
	case !info.Mode().IsRegular():
		return "", errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", bare(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", bare(err)
	}
	if len(content) > maxSecret {
		return "", errTooLarge
	}
	return string(content), nil
}

// runCommand returns the standard output of a program. Its standard error goes nowhere: it may hold the secret too.
func runCommand(ctx context.Context, argv []string, dir string) (string, error) {
	var stdout capped
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Stdout = &stdout
	cmd.WaitDelay = time.Second // for a process left behind that holds standard output open
	killGroup(cmd)

	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return stdout.content.String(), nil
	case stdout.full:
		return "", errTooLarge
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &exit):
		return "", errors.New(exit.String())
	case errors.Is(err, exec.ErrWaitDelay):
		return "", errors.New("standard output still open after the program ended")
	default:
		return "", bare(err)
	}
}

// capped keeps up to maxSecret bytes and then fails, which ends the program that writes.
type capped struct {
	content strings.Builder
	full    bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.content.Len()+len(p) > maxSecret {
		c.full = true
		return 0, errTooLarge
	}
	return c.content.Write(p)
}

// bare strips the path or name that the reference already says.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var program *exec.Error
	if errors.As(err, &program) {
		return program.Err
	}
	return err
}
