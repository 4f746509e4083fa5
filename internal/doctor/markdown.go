package doctor

import (
	"fmt"
	"io"
	"strings"

	"apigwprobe/internal/report"
)

var markdownFormat = Format{
	Name: "markdown", Help: "for a ticket or a comment",
	Write: func(w io.Writer, d Diagnosis, _ report.Options) error {
		m := &markdown{}
		m.diagnosis(d)
		return m.writeTo(w)
	},
	WriteVerified: verifiedMarkdown,
}

// markdown is a document in which every text that is not ours is quoted.
type markdown struct{ strings.Builder }

func (m *markdown) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, strings.TrimRight(m.String(), "\n")+"\n")
	return err
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) diagnosis(d Diagnosis) {
	mark := map[Outcome]string{Healthy: "✅", Diagnosed: "❌", Inconclusive: "⚠️"}[d.Outcome]
	m.line("## %s %s\n", mark, report.Prose(fmt.Sprintf("%s of %s in %s: %s", d.Route, d.API, d.Environment, d.Headline)))
	m.list("Who", d.who())
	for _, f := range d.Findings {
		m.finding(f)
	}
	m.list("Invoked", d.invoked())
	m.list("Fine", d.Fine)
	m.list("Remarks", d.Remarks)
	m.list("Not seen", d.Unseen)
	m.list("With --invoke", d.wouldWords())
	if len(d.Detour) > 0 {
		m.line("### Detour\n")
		m.steps(d.Detour)
	}
	if d.Then != "" {
		m.line("After the fix:\n")
		m.code("sh", d.Then)
	}
}

func (m *markdown) finding(f Finding) {
	m.line("### Finding: %s\n", report.Prose(f.headline()))
	m.line("- layer: %s\n- cause: %s", report.Prose(f.layerWords()), report.Prose(f.causeWords()))
	for _, explained := range f.explained() {
		m.line("- explains: %s", report.Prose(explained))
	}
	m.line("")
	m.list("Proof", f.Proof)
	m.list("What would tell the candidates apart", f.Separate)
	if f.Fix == nil {
		return
	}
	m.line("**Fix**: %s\n", report.Prose(f.changeWords()))
	m.steps(f.Fix.Steps)
	m.line("**Deployment** %s\n", report.Prose(f.Fix.Deploy.words()))
	m.code("sh", f.Fix.Deploy.Command)
}

func (m *markdown) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	m.line("**%s**\n", title)
	for _, item := range items {
		m.line("- %s", report.Prose(item))
	}
	m.line("")
}

func (m *markdown) steps(all []Step) {
	for _, s := range all {
		if s.Text != "" {
			m.line("%s\n", report.Prose(s.Text))
		}
		m.code(s.Language, s.Code)
	}
}

func (m *markdown) code(language, code string) {
	if code != "" {
		m.line("%s\n", report.CodeBlock(language, code))
	}
}
