package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of probe",
		Long:    "Version prints the version of probe, the Go version and the platform it was built for, and the commit if it is known.",
		Example: "  probe version",
		Args:    arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			return printVersion(s.Out)
		},
	}
}

func printVersion(w io.Writer) error {
	text := fmt.Sprintf("probe %s\n%s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if revision := buildRevision(); revision != "" {
		text += "commit " + revision + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// buildVersion is the version of the main module, or "dev" where the toolchain knows none.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

// buildRevision is the commit that was built, if it was built in a repository.
func buildRevision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var revision, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = " with changes"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}
