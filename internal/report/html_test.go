package report

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"apigwprobe/probe"
)

// readPage is the page of a report, read as a browser reads it.
func readPage(t *testing.T, rep probe.Report) (string, *html.Node) {
	t.Helper()
	text := write(t, "html", Options{}, eventsOf(rep))
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return text, doc
}

// Nothing that an answer, a configuration or a backend says becomes anything but text: the page has elements and
// attributes of its own only, and none that loads or runs something.
func TestHTMLIsText(t *testing.T) {
	elements := "html head meta title link style body header main footer section h1 h2 h3 p b small span ul li a details summary div " +
		"dl dt dd pre code table thead tbody tr th td svg line circle path rect text desc"
	attributes := "lang charset http-equiv content name rel href class id role aria-label aria-hidden tabindex title scope height width " +
		"x y x1 x2 y1 y2 r d overflow transform text-anchor"
	rep := hostile()
	res := &rep.Results[0]
	const attack = `"><script>document.title='x'</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">`
	res.Reason, res.Scenario, res.Observed.Body, res.API, res.Route, res.Reproduce = attack, attack, attack, attack, attack, attack
	res.Verdict, res.Attribution.Confidence = probe.Verdict(`fail" onclick="alert(1)`), probe.Confidence(`likely" onload="alert(1)`)
	rep.Run.Environment, rep.Run.ID = attack+"</title>", attack
	text, doc := readPage(t, rep)
	known := func(list, word string) bool { return strings.Contains(" "+list+" ", " "+word+" ") }
	seen := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		seen++
		if !known(elements, n.Data) {
			t.Errorf("got element %q, want one of %s", n.Data, elements)
		}
		for _, a := range n.Attr {
			if !known(attributes, a.Key) {
				t.Errorf("got attribute %s=%q of %q, want one of %s", a.Key, a.Val, n.Data, attributes)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "#case-") && a.Val != "data:," {
				t.Errorf("got a link to %q, want one within the page", a.Val)
			}
		}
	}
	if seen < 100 {
		t.Errorf("got %d elements, want a whole page", seen)
	}
	for _, r := range text {
		if r == '\u202e' || r == '\u009b' || r < ' ' && r != '\n' {
			t.Fatalf("got %U in the page, want visible characters only", r)
		}
	}
}

// Every link leads somewhere, and no place has two names.
func TestHTMLLinks(t *testing.T) {
	for name, rep := range reports() {
		t.Run(name, func(t *testing.T) {
			known := make(map[string]bool) // the reports for the table may ask one case twice
			rep.Results = slices.DeleteFunc(rep.Results, func(res probe.Result) bool {
				twice := known[res.ID]
				known[res.ID] = true
				return twice
			})
			_, doc := readPage(t, rep)
			places, links := make(map[string]int), make(map[string]bool)
			for n := range doc.Descendants() {
				for _, a := range n.Attr {
					switch {
					case a.Key == "id":
						places[a.Val]++
					case a.Key == "href" && a.Val != "data:,":
						links[strings.TrimPrefix(a.Val, "#")] = true
					}
				}
			}
			for link := range links {
				if places[link] != 1 {
					t.Errorf("%q: got %d places, want one", link, places[link])
				}
			}
			sent := 0
			for _, res := range rep.Results {
				if res.Verdict != probe.Skipped {
					sent++
				}
			}
			if sent > 0 && len(links) == 0 {
				t.Errorf("got no link to any of %d cases", sent)
			}
		})
	}
}

// The page is a contract with nobody, but what it says of a case must be all of it.
func TestHTMLTellsEverything(t *testing.T) {
	rep := reports()["open"]
	rep.Results[0].Reproduce = "curl 'https://api.example.com/orders'"
	text := pageWords(t, rep)
	for _, want := range []string{
		"prod: 4 failures, all of them critical; 1 inconclusive",
		"FAIL open, critical: iam-authentication of orders through api.example.com/orders",
		"check that iam-authentication is switched on for this method in what is deployed, then deploy again",
		"refused by api-key or waf", "Found open iam-authentication.",
		"curl 'https://api.example.com/orders'", "GET https://api.example.com/orders/x", "id-1", "a reason", "api-key (missing-api-key), ambiguous; possibly waf",
		"api-key: the same request with a key that is known to be good, or to a method that requires none",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got a page without %q:\n%s", want, text)
		}
	}
}

// pageWords is the text of a page, one line for each of its texts.
func pageWords(t *testing.T, rep probe.Report) string {
	t.Helper()
	_, doc := readPage(t, rep)
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + "\n")
		}
	}
	return b.String()
}

// A run that was compared says what changed, and leads to it where the run still has it.
func TestHTMLCompares(t *testing.T) {
	rep := compared()
	gone := probe.Compare(reportOf(refused(items, "outsider", probe.IAMAuthorization, "iam-implicit-deny", probe.Certain)), reportOf())
	rep.Drift.Gone = gone.Gone
	const where = " on GET /orders of orders through api.example.com/orders\n"
	for _, want := range []string{
		"Since prod at 2026-11-21 04:02:38 UTC\n",
		"NEW FAILURES\n", "\nunsigned" + where + ": pass, 403 by iam-authentication → fail open, 200 by none\n",
		"FIXED\n", "\nexpired-signature" + where + ": fail open, 200 by none → pass, 403 by iam-authentication\n",
		"GONE CASES\n", "\noutsider on GET /items of catalog through default: was pass, 403 by iam-authorization\n",
	} {
		if text := pageWords(t, rep); !strings.Contains(text, want) {
			t.Errorf("got a page without %q:\n%s", want, text)
		}
	}
	*rep.Drift = probe.Compare(rep, rep)
	if text := pageWords(t, rep); !strings.Contains(text, "nothing changed") {
		t.Errorf("got a page that does not say that nothing changed:\n%s", text)
	}
	rep.Drift = nil
	if text := pageWords(t, rep); strings.Contains(text, "Since ") || strings.Contains(text, "nothing changed") {
		t.Errorf("got a comparison with nothing:\n%s", text)
	}
}
