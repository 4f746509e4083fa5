package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is the value of a flag that takes one of a few words.
type choice struct {
	value string
	words []string
}

var _ pflag.Value = (*choice)(nil)

func newChoice(words ...string) choice { return choice{words[0], words} }

func (c *choice) String() string { return c.value }

// Type names the words where there are few; where there are many, the help text has a list.
func (c *choice) Type() string {
	if len(c.words) > 4 {
		return "name"
	}
	return strings.Join(c.words, "|")
}

func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return errors.New("want " + strings.Join(c.words, " or "))
	}
	c.value = word
	return nil
}

// addChoice adds a flag for c, with completion.
func addChoice(cmd *cobra.Command, c *choice, name, usage string) {
	cmd.Flags().Var(c, name, usage)
	complete(cmd, name, func() []string { return c.words })
}

// filters narrow what a run asks. The commands run and plan share them, so that a plan shows what a run would do.
type filters struct {
	config    string
	selection probe.Selection
	matrix    choice
}

const fullMatrix, smokeMatrix = "full", "smoke"

func (f *filters) add(cmd *cobra.Command) {
	f.matrix = newChoice(fullMatrix, smokeMatrix)
	flags := cmd.Flags()
	addConfig(cmd, &f.config)
	flags.StringSliceVar(&f.selection.APIs, "api", nil, "only these APIs")
	flags.StringArrayVar(&f.selection.Routes, "route", nil, `only these routes, such as "GET /orders/{id}"`)
	flags.StringSliceVar(&f.selection.Accesses, "access", nil, "only these ways in: default, custom-domain, vpc-endpoint, or a host")
	flags.StringSliceVar(&f.selection.Scenarios, "scenario", nil, "only these scenarios, and the controls that they are compared with")
	addChoice(cmd, &f.matrix, "matrix", "every case, or few scenarios on one route of each posture")
	f.addCompletions(cmd)
}

func (f *filters) selected() probe.Selection {
	sel := f.selection
	sel.Smoke = f.matrix.value == smokeMatrix
	return sel
}

// failOn says which verdicts do not let a run end with 0.
type failOn []probe.Verdict

var _ pflag.Value = (*failOn)(nil)

// onlyNew stands among the verdicts of --fail-on and means that of them only those count that are worse than before.
const onlyNew probe.Verdict = "new"

// anyFinding stands there for disagreements that no single case shows.
const anyFinding probe.Verdict = "findings"

var failOnWords = []string{string(probe.Fail), string(probe.Inconclusive), string(probe.Skipped), string(onlyNew), string(anyFinding)}

func (f *failOn) String() string {
	words := make([]string, len(*f))
	for i, v := range *f {
		words[i] = string(v)
	}
	return strings.Join(words, ",")
}

func (f *failOn) Type() string { return "list" }

func (f *failOn) Set(list string) error {
	var verdicts failOn
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if !slices.Contains(failOnWords, word) {
			return fmt.Errorf("got %q, want some of %s", word, strings.Join(failOnWords, ","))
		}
		verdicts = append(verdicts, probe.Verdict(word))
	}
	if len(verdicts) == 1 && verdicts.has(onlyNew) {
		verdicts = append(verdicts, probe.Fail, probe.Inconclusive)
	}
	*f = verdicts
	return nil
}

func (f failOn) has(v probe.Verdict) bool { return slices.Contains(f, v) }

// labels are name=value words, one for each time that the flag is given.
type labels map[string]string

var _ pflag.Value = (*labels)(nil)

func (l *labels) String() string { return "" } // there are none by default
func (l *labels) Type() string   { return "name=value" }

// and is l with others, which win.
func (l labels) and(others map[string]string) map[string]string {
	all := make(map[string]string, len(l)+len(others))
	maps.Copy(all, l)
	maps.Copy(all, others)
	return all
}

func (l *labels) Set(word string) error {
	name, value, ok := strings.Cut(word, "=")
	if !ok || name == "" {
		return errors.New("want name=value")
	}
	if _, twice := (*l)[name]; twice {
		return errors.New("want each name once")
	}
	if *l == nil {
		*l = make(labels)
	}
	(*l)[name] = value
	return nil
}
