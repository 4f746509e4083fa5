package probe

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TABLES.md shows everything that attribution rests on, so that a reader can check it without the code, and so that no
// facet, mark, edge, row or grade changes unseen.
func TestTablesPage(t *testing.T) {
	t.Parallel()
	const file = "TABLES.md"
	page := tablesPage()
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page); diff != "" {
		t.Errorf("%s (-page +tables; go test ./probe -run TestTablesPage -update writes it):\n%s", file, diff)
	}
}

func tablesPage() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("<!-- Written by go test ./probe -run TestTablesPage -update. -->")
	line("# What attribution rests on\n")
	line("The tables of the code, for readers; [ATTRIBUTION.md](ATTRIBUTION.md) says how they are used.\n")

	line("## Who reads what\n")
	line("A layer that is not deterministic is never put aside by a proof, and none is on a custom domain. The second line of a")
	line("layer is what it usually depends on, the third what that comes to behind the declared mapping; both only rank.\n")
	line("| layer | APIs | reads |\n|---|---|---|")
	for _, r := range readsTable {
		line("| %s | %s | %s |", r.layer, apiWords(r.apis), facetWords(r.sound))
		if r.plain != nil {
			line("| | usually | %s |", facetWords(r.plain))
		}
		if r.declared != nil {
			line("| | if as declared | %s |", facetWords(r.declared))
		}
	}

	line("\n## What comes before what\n")
	line("Only recorded and documented lines prove.\n")
	line("| before | after | APIs | known | from |\n|---|---|---|---|---|")
	for _, e := range edges {
		line("| %s | %s | %s | %s | %s |", e.before, e.after, apiWords(e.apis), e.grade, cellWords(e.source))
	}

	line("\n## What an answer looks like, and who can give it\n")
	line("The first row that matches holds. A cause stays possible unless what is behind it in brackets is known to be so.\n")
	for _, table := range []struct {
		title string
		rows  []fingerprint
	}{
		{"Answers of REST APIs", fingerprints}, {"Answers of HTTP APIs", httpFingerprints}, {"Answers of WebSocket APIs", socketFingerprints},
		{"Answers of others, and none", elsewhere}, {"Parts of answers", excerpts},
	} {
		line("### %s\n", table.title)
		for _, f := range table.rows {
			line("- **%s** (%s: %s)%s", f.name, f.grade, cellWords(f.source), shapeWords(f))
			for _, p := range f.candidates {
				line("  - %s", candidateWords(p))
			}
			if f.atMost != "" {
				line("  - never certain: %s", f.atMost)
			}
		}
		line("")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func apiWords(apis []APIType) string {
	if apis == nil {
		return "all"
	}
	var words []string
	for _, a := range apis {
		words = append(words, string(a))
	}
	return strings.Join(words, ", ")
}

func facetWords(facets []Facet) string {
	if facets == nil {
		return "everything, and is not deterministic"
	}
	var words []string
	for _, f := range facets {
		switch f {
		case facetScheme:
			words = append(words, "scheme of Authorization")
		case facetDeployed:
			words = append(words, "declared stage")
		case facetResource:
			words = append(words, "declared stage and path on the API")
		default:
			words = append(words, f.String())
		}
	}
	return strings.Join(words, ", ")
}

// cellWords keeps a text from ending a cell of a table.
func cellWords(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func shapeWords(f fingerprint) string {
	var words []string
	if f.errorTypes != nil {
		words = append(words, "error type "+strings.Join(f.errorTypes, " or "))
	}
	if f.statuses != nil {
		words = append(words, "status "+statuses(f.statuses))
	}
	if f.message != nil {
		words = append(words, "message `"+f.message.String()+"`")
	}
	if f.bare != nil {
		words = append(words, "without headers `"+f.bare.String()+"`")
	}
	if f.when != nil {
		words = append(words, "and more")
	}
	if len(f.behind) > 0 {
		words = append(words, "so "+join(f.behind)+" is passed")
	}
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, "; ")
}

func candidateWords(p possibility) string {
	var words []string
	for _, c := range p.conditions {
		words = append(words, c.because)
	}
	text := fmt.Sprintf("%s: %s", p.Layer, p.Cause)
	if len(words) > 0 {
		text += " [" + strings.Join(words, "; ") + "]"
	}
	return text
}
