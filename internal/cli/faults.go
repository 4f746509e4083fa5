package cli

import (
	"fmt"

	"apigwprobe/internal/report"
	"apigwprobe/internal/sandbox"

	"github.com/spf13/cobra"
)

// faults are things that go wrong with the sandbox on purpose. The commands run and sandbox share them.
type faults struct {
	names []string
	list  bool
}

func (f *faults) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.names, "fault", nil, "let this go wrong in the built-in sandbox; repeatable")
	flags.BoolVar(&f.list, "list-faults", false, "list the faults and what they change, and do nothing else")
	complete(cmd, "fault", faultNames)
}

func faultNames() []string {
	var names []string
	for _, f := range sandbox.Faults() {
		names = append(names, f.Name)
	}
	return names
}

// check refuses names that no fault has.
func (f *faults) check() error {
	known := make(map[string]bool)
	for _, name := range faultNames() {
		known[name] = true
	}
	for _, name := range f.names {
		if known[name] {
			continue
		}
		hint := "--list-faults lists them"
		if near := nearest(faultNames(), name); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return hinted{fmt.Errorf("unknown fault %q", name), hint}
	}
	return nil
}

// show lists all faults.
func (f *faults) show(s Streams, format string) error {
	all := []shownFault{}
	rows := [][]string{{"FAULT", "LAYER", "CAUSE", "CHANGES"}}
	for _, f := range sandbox.Faults() {
		all = append(all, shownFault{f.Name, f.Layer, f.Cause, f.Does})
		rows = append(rows, []string{f.Name, f.Layer, f.Cause, f.Does})
	}
	if format == jsonFormat {
		return writeJSON(s.Out, all)
	}
	return report.Grid(s.Out, s.look(), rows)
}

// shownFault is a fault in the form of --format json.
type shownFault struct {
	Name  string `json:"name"`
	Layer string `json:"layer"`
	Cause string `json:"cause"`
	Does  string `json:"does"`
}
