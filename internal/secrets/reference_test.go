package secrets

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestResolveReference(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("get-token", "#!/bin/sh\necho \"$1\"\n", 0o700)
	write("not-executable", "#!/bin/sh\n", 0o600)
	t.Setenv("KEY", "s3cr3t")
	t.Setenv("KEY_LINE", "s3cr3t\r\n")
	t.Setenv("EMPTY", "")
	shell := func(script string) []string { return []string{"sh", "-c", script} }

	tests := []struct {
		name string
		ref  probe.Reference
		want string // the secret, or the end of the error
		fail bool
	}{
		{name: "env", ref: probe.Reference{Env: "KEY"}, want: "s3cr3t"},
		{name: "env-line-break", ref: probe.Reference{Env: "KEY_LINE"}, want: "s3cr3t"},
		{name: "env-unset", ref: probe.Reference{Env: "UNSET"},
			fail: true, want: `environment variable "UNSET" (probe.yaml:3:5): not set`},
		{name: "env-empty", ref: probe.Reference{Env: "EMPTY"},
			fail: true, want: `environment variable "EMPTY" (probe.yaml:3:5): empty`},

		{name: "file", ref: probe.Reference{File: write("key", "s3cr3t", 0o600)}, want: "s3cr3t"},
		{name: "file-line-break", ref: probe.Reference{File: write("line", "s3cr3t\n", 0o600)}, want: "s3cr3t"},
		{name: "file-spaces-and-tabs", ref: probe.Reference{File: write("blank", " a\tb \n", 0o600)}, want: " a\tb "},
		{name: "file-largest", ref: probe.Reference{File: write("largest", strings.Repeat("a", maxSecret), 0o600)},
			want: strings.Repeat("a", maxSecret)},
		{name: "file-too-large", ref: probe.Reference{File: write("large", strings.Repeat("a", maxSecret+1), 0o600)},
			fail: true, want: `file "DIR/large" (probe.yaml:3:5): larger than 64 KiB`},
		{name: "file-only-line-breaks", ref: probe.Reference{File: write("breaks", "\r\n\n", 0o600)},
			fail: true, want: `file "DIR/breaks" (probe.yaml:3:5): empty`},
		{name: "file-missing", ref: probe.Reference{File: filepath.Join(dir, "missing")},
			fail: true, want: `file "DIR/missing" (probe.yaml:3:5): no such file or directory`},
		{name: "file-directory", ref: probe.Reference{File: dir},
			fail: true, want: `file "DIR" (probe.yaml:3:5): is a directory`},
		{name: "file-device", ref: probe.Reference{File: "/dev/zero"},
			fail: true, want: `file "/dev/zero" (probe.yaml:3:5): not a regular file`},
		{name: "file-two-lines", ref: probe.Reference{File: write("two", "s3cr3t\nmore\n", 0o600)},
			fail: true, want: `file "DIR/two" (probe.yaml:3:5): contains control character U+000A, which no header can carry`},
		{name: "file-carriage-return", ref: probe.Reference{File: write("cr", "s3cr3t\rmore", 0o600)},
			fail: true, want: `file "DIR/cr" (probe.yaml:3:5): contains control character U+000D, which no header can carry`},
		{name: "file-nul", ref: probe.Reference{File: write("nul", "s3cr3t\x00", 0o600)},
			fail: true, want: `file "DIR/nul" (probe.yaml:3:5): contains control character U+0000, which no header can carry`},

		{name: "command", ref: probe.Reference{Command: shell("printf s3cr3t")}, want: "s3cr3t"},
		{name: "command-line-break", ref: probe.Reference{Command: shell("echo s3cr3t")}, want: "s3cr3t"},
		{name: "command-without-shell", ref: probe.Reference{Command: []string{"./get-token", "$(id) *"}, Dir: dir},
			want: "$(id) *"},
		{name: "command-directory", ref: probe.Reference{Command: []string{"cat", "key"}, Dir: dir}, want: "s3cr3t"},
		{name: "command-standard-error", ref: probe.Reference{Command: shell("echo s3cr3t; echo other >&2")},
			want: "s3cr3t"},
		{name: "command-standard-input", ref: probe.Reference{Command: shell("cat; echo s3cr3t")}, want: "s3cr3t"},
		{name: "command-largest", ref: probe.Reference{Command: shell("cat largest"), Dir: dir},
			want: strings.Repeat("a", maxSecret)},
		{name: "command-exit-status", ref: probe.Reference{Command: shell("echo s3cr3t; echo s3cr3t >&2; exit 3")},
			fail: true, want: `command "sh" (probe.yaml:3:5): exit status 3`},
		{name: "command-signal", ref: probe.Reference{Command: shell("echo s3cr3t; kill -9 $$")},
			fail: true, want: `command "sh" (probe.yaml:3:5): signal: killed`},
		{name: "command-empty", ref: probe.Reference{Command: []string{"true"}},
			fail: true, want: `command "true" (probe.yaml:3:5): empty`},
		{name: "command-endless", ref: probe.Reference{Command: []string{"yes"}},
			fail: true, want: `command "yes" (probe.yaml:3:5): larger than 64 KiB`},
		{name: "command-too-large", ref: probe.Reference{Command: shell("cat large"), Dir: dir},
			fail: true, want: `command "sh" (probe.yaml:3:5): larger than 64 KiB`},
		{name: "command-two-lines", ref: probe.Reference{Command: shell("echo s3cr3t; echo more")},
			fail: true, want: `command "sh" (probe.yaml:3:5): contains control character U+000A, which no header can carry`},
		{name: "command-unknown", ref: probe.Reference{Command: []string{"no-such-program"}},
			fail: true, want: `command "no-such-program" (probe.yaml:3:5): executable file not found in $PATH`},
		{name: "command-missing", ref: probe.Reference{Command: []string{"./missing"}, Dir: dir},
			fail: true, want: `command "./missing" (probe.yaml:3:5): no such file or directory`},
		{name: "command-not-executable", ref: probe.Reference{Command: []string{"./not-executable"}, Dir: dir},
			fail: true, want: `command "./not-executable" (probe.yaml:3:5): permission denied`},
		{name: "command-leaves-process", ref: probe.Reference{Command: shell("sleep 3 & echo s3cr3t")},
			fail: true, want: `command "sh" (probe.yaml:3:5): standard output still open after the program ended`},

		{name: "value", ref: probe.Reference{Value: probe.NewSecret("s3cr3t")}, want: "s3cr3t"},
		{name: "value-two-lines", ref: probe.Reference{Value: probe.NewSecret("s3cr3t\nmore")},
			fail: true, want: `value in the configuration (probe.yaml:3:5): contains control character U+000A, which no header can carry`},
		{name: "value-empty", ref: probe.Reference{},
			fail: true, want: `value in the configuration (probe.yaml:3:5): empty`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.ref.Origin = "probe.yaml:3:5"
			want := secret(test.want)
			if test.fail {
				want = probe.ResolvedSecret{Err: errors.New("resolving " + strings.ReplaceAll(test.want, "DIR", dir))}
			}
			if diff := cmp.Diff(want, resolveReference(t.Context(), &test.ref), whole); diff != "" {
				t.Errorf("secret (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveReference_unreadable_file(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read every file")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("s3cr3t"), 0); err != nil {
		t.Fatal(err)
	}
	got := resolveReference(t.Context(), &probe.Reference{File: path})
	want := probe.ResolvedSecret{Err: errors.New(`resolving file "` + path + `": permission denied`)}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
}

func TestResolveReference_time_limit(t *testing.T) {
	ctx, cancel := within(t.Context(), 50*time.Millisecond)
	defer cancel()
	got := resolveReference(ctx, &probe.Reference{Command: []string{"sleep", "60"}})
	want := probe.ResolvedSecret{Err: errors.New(`resolving command "sleep": no answer within 50ms`)}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
}

func TestResolveReference_interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := resolveReference(ctx, &probe.Reference{Command: []string{"sleep", "60"}})
	if !errors.Is(got.Err, context.Canceled) {
		t.Errorf("error is %q, want context.Canceled", got.Err)
	}
}
