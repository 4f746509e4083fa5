package logging

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteText writes the plan for people; its commands can be pasted into a shell.
func (p *Plan) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s API %s, stage %s, %s\n\n", p.API, p.Type, p.ID, p.Stage, p.Region)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range p.Facts {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", f.State, f.Name, f.Text)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if p.Format != nil && (!p.Format.Sufficient() || len(p.Format.Remarks) > 0) {
		b.WriteString("\nThe format that is there:\n\n")
		p.Format.troubles(&b)
	}
	if p.Difference != "" {
		fmt.Fprintf(&b, "\nThe format, a key on each line:\n\n%s", p.Difference)
	}
	if len(p.Steps) > 0 {
		p.commands(&b)
		fmt.Fprintf(&b, "\ncosts: %s\npersonal data: %s\n", p.Costs, p.Personal)
	}
	if len(p.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	if !p.ToDo() && !p.Incomplete() {
		b.WriteString("\nnothing is missing\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Plan) commands(w io.Writer) {
	_, _ = fmt.Fprint(w, "\nCommands; none of them has been run:\n")
	for _, s := range p.Steps {
		optional := ""
		if s.Optional {
			optional = "optional: "
		}
		_, _ = fmt.Fprintf(w, "\n# %s%s\n%s\n", optional, s.Why, strings.Join(s.Do, "\n"))
	}
	_, _ = fmt.Fprint(w, "\nBack to what is there now:\n\n")
	for _, s := range slices.Backward(p.Steps) {
		_, _ = fmt.Fprintln(w, strings.Join(s.Undo, "\n"))
	}
}
