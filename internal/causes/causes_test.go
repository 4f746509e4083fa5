package causes

import (
	"io/fs"
	"strings"
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// TestPages holds the pages equal to the prober's table: none too few, none too many, none with a gap.
func TestPages(t *testing.T) {
	known := make(map[probe.Candidate]bool)
	for _, page := range Pages() {
		known[probe.Candidate{Layer: page.Layer, Cause: page.Cause}] = true
		for field, text := range map[string]string{
			"what it is": page.What, "Looks": page.Looks, "Check": page.Check, "Fix": page.Fix, "Read": page.Read,
			"Tell, for the layer": page.Tell,
		} {
			if text == "" {
				t.Errorf("page of %s/%s: got no %s", page.Layer, page.Cause, field)
			}
		}
		if strings.HasSuffix(page.Fix, ".") || strings.Contains(page.Fix, ". ") {
			t.Errorf("page of %s/%s: got Fix %q, want one sentence without its full stop", page.Layer, page.Cause, page.Fix)
		}
	}
	written, err := fs.Glob(files, "pages/*.md")
	if err != nil || len(written) == 0 {
		t.Fatalf("looking for pages: got %d files, error %v", len(written), err)
	}
	for _, file := range written {
		layer := probe.Layer(strings.TrimSuffix(strings.TrimPrefix(file, "pages/"), ".md"))
		for cause := range readLayer(layer).pages {
			if !known[probe.Candidate{Layer: layer, Cause: cause}] {
				t.Errorf("page of %s/%s: the table of causes has no such cause", layer, cause)
			}
		}
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		layer probe.Layer
		cause probe.Cause
		want  string
	}{
		{probe.APIKeyLayer, "missing-api-key", "send x-api-key"},
		{probe.Integration, "request-too-large", "send less"},
		{probe.WAF, "missing-api-key", ""},
		{probe.WAF, "", ""},
	} {
		if got := Next(c.layer, c.cause); got != c.want {
			t.Errorf("Next(%q, %q): got %q, want %q", c.layer, c.cause, got, c.want)
		}
	}
}

func TestSeparate(t *testing.T) {
	may := func(layers ...probe.Layer) (a probe.Attribution) {
		for _, l := range layers {
			a.Candidates = append(a.Candidates, probe.Candidate{Layer: l})
		}
		return a
	}
	got := Separate(may(probe.Integration, probe.APIKeyLayer, probe.Integration))
	want := []string{
		"integration: $context.integration.status and $context.integration.error in the access log",
		"api-key: the same request with a key that is known to be good, or to a method that requires none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("two layers (-want +got):\n%s", diff)
	}
	if got := Separate(may(probe.Integration, probe.Integration)); got != nil {
		t.Errorf("one layer: got %q, want nothing", got)
	}
}

func TestParse(t *testing.T) {
	got, err := parse("# layer\n\nIt is a layer.\n\n- Tell: ask\n\n## one\n\nWhat it\nis.\n\n- Looks: 403:\n  so\n- Read: A Title\n\n## two\n")
	want := layer{tell: "ask", pages: map[probe.Cause]Page{"one": {What: "What it is.", Looks: "403: so", Read: "A Title"}, "two": {}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(layer{})); diff != "" || err != nil {
		t.Errorf("parse: error %v; (-want +got)\n%s", err, diff)
	}
	for _, c := range []struct{ text, want string }{
		{"## one\n## one\n", `cause "one" stands twice`},
		{"## one\n- Fixed: x\n", `cause "one": got "Fixed", want each of Check, Fix, Looks, Read once`},
		{"## one\n- Fix: x\n- Fix: y\n", `cause "one": got "Fix", want each of Check, Fix, Looks, Read once`},
	} {
		if _, err := parse(c.text); err == nil || err.Error() != c.want {
			t.Errorf("parse(%q): got error %v, want %s", c.text, err, c.want)
		}
	}
}
