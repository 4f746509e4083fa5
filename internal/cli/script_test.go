package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/script")

// promptExit is for GORACE: a process with the race detector waits a second before it exits, unless told otherwise.
const promptExit = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	// Most of what these tests do is wait: for the pace of a run, a time-out, a gateway that pauses.
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"probe": func() {
			os.Exit(int(Run(context.Background(), os.Args[1:], Streams{
				In: os.Stdin, Out: os.Stdout, Err: os.Stderr, LookupEnv: os.LookupEnv,
			})))
		},
	})
}

// TestScripts tells stories of the command line: each checks exit codes and both streams.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true") // nothing here leaves loopback
			env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "no-aws-config"))
			env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "no-aws-credentials"))
			env.Setenv("GORACE", promptExit)
			env.Setenv("GOGC", "400") // a run is short-lived
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":    exitCmd,
			"json":    jsonCmd,
			"await":   awaitCmd,
			"capture": captureCmd,
			"expand":  expandCmd,
			"mode":    modeCmd,
			"trap":    trapCmd,
			"sts":     stsCmd,
			"hook":    hookCmd,
			"gateway": pushgatewayCmd,
		},
	})
}

// exitCmd is "exit CODE PROGRAM ARGS…": it runs the program and compares the exit code.
func exitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit code program [args...]")
	}
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("running %s: %v", args[1], err)
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("got exit code %d, want %s", got, want)
	}
}

// jsonCmd is "json FILE PATH WANT": it compares what a path leads to, in compact JSON. In a path, # is the length of a
// list and * stands for all its elements, of which each distinct value is told once. With "!" they must differ.
func jsonCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json file path want")
	}
	var document any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &document))
	value, err := follow(document, strings.Split(args[1], "."))
	ts.Check(err)
	text, err := json.Marshal(value)
	ts.Check(err)
	if got, want := string(text), args[2]; (got == want) == neg {
		ts.Fatalf("%s: got %s, want %s (reversed: %t)", args[1], got, want, neg)
	}
}

func follow(value any, path []string) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	step, rest := path[0], path[1:]
	switch v := value.(type) {
	case map[string]any:
		next, ok := v[step]
		if !ok {
			return nil, fmt.Errorf("no key %q", step)
		}
		return follow(next, rest)
	case []any:
		switch i, err := strconv.Atoi(step); {
		case step == "#":
			return len(v), nil
		case step == "*":
			return each(v, rest)
		case err == nil && i < len(v):
			return follow(v[i], rest)
		}
	}
	return nil, fmt.Errorf("no way on at %q", step)
}

func each(list []any, rest []string) (any, error) {
	distinct := []any{}
	for _, item := range list {
		v, err := follow(item, rest)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(distinct, func(old any) bool { return fmt.Sprint(old) == fmt.Sprint(v) }) {
			distinct = append(distinct, v)
		}
	}
	return distinct, nil
}

// awaitCmd is "await PATTERN": it waits until such a file is there.
func awaitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await file")
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
	}
	ts.Fatalf("%s never came", args[0])
}

// captureCmd is "capture VARIABLE FILE REGEXP": it sets a variable to the first group of the first match.
func captureCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture variable file regexp")
	}
	match := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(match) != 2 {
		ts.Fatalf("no match of %s with one group", args[2])
	}
	ts.Setenv(args[0], match[1])
}

// expandCmd is "expand FILE": it replaces each $VARIABLE$ in a file.
func expandCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand file")
	}
	text := regexp.MustCompile(`\$\w+\$`).ReplaceAllStringFunc(ts.ReadFile(args[0]), func(name string) string {
		return ts.Getenv(strings.Trim(name, "$"))
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// modeCmd is "mode FILE OCTAL": it compares the permissions of a file.
func modeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode file octal")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("got mode %s, want %s", got, args[1])
	}
}

// traps are the visits of each script's trap.
var traps sync.Map

// trapCmd is "trap VARIABLE", which listens on loopback and sets the variable to the address, and later "trap", which
// fails if anybody connected; with "!", if nobody did.
func trapCmd(ts *testscript.TestScript, neg bool, args []string) {
	type visits = atomic.Int64
	if len(args) == 1 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Defer(func() { _ = listener.Close() })
		ts.Setenv(args[0], listener.Addr().String())
		n := new(visits)
		traps.Store(ts, n)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				n.Add(1)
				_ = conn.Close()
			}
		}()
		return
	}
	n, ok := traps.Load(ts)
	if !ok {
		ts.Fatalf("usage: trap variable, then trap")
	}
	if got := n.(*visits).Load(); (got > 0) != neg {
		ts.Fatalf("got %d connections", got)
	}
}
