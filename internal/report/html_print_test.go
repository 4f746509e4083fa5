package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"apigwprobe/internal/browsertest"
)

// paper is the width of an A4 page between usual margins, in CSS pixels.
const paper = 718

// TestHTMLOnPaper prints the page: nothing is wider than the paper, nothing that can be read on a screen is cut off or
// laid over something else, and what needs a reader is unfolded.
func TestHTMLOnPaper(t *testing.T) {
	browser := browsertest.Start(t)
	pages := map[string]string{"sandbox": sandboxPage(t)}
	for _, name := range []string{"open", "compared", "hostile"} {
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, []byte(write(t, "html", Options{}, eventsOf(reports()[name]))), 0o600); err != nil {
			t.Fatal(err)
		}
		pages[name] = path
	}
	const beyond = `[...document.body.querySelectorAll("*")].filter(e => {
		const box = e.getBoundingClientRect()
		return e.checkVisibility() && box.width > 1 && (box.right > innerWidth + 1 || box.left < -1)
	}).map(e => e.outerHTML.slice(0, 120)).slice(0, 5).join("\n")`
	const cut = `[...document.body.querySelectorAll("*")].filter(e => e.checkVisibility() && !e.closest(".aside") && !e.closest("svg") &&
		getComputedStyle(e).overflow != "visible" && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
	).map(e => e.outerHTML.slice(0, 120)).slice(0, 5).join("\n")`
	const folded = `[...document.querySelectorAll("details.fail .facts, details.inconclusive .facts")].filter(e =>
		!e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}) || e.getBoundingClientRect().height < 10).length`
	for name, path := range pages {
		t.Run(name, func(t *testing.T) {
			tab, _ := browsertest.Open(t, browser, "file://"+path, paper, "dark") // which is for screens
			browsertest.Do(t, tab, chromedp.Navigate("file://"+path))
			if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
				t.Fatal(err)
			}
			for what, question := range map[string]string{"beyond the paper": beyond, "cut off": cut} {
				if found := browsertest.Ask(t, tab, chromedp.Evaluate[string](question)); found != "" {
					t.Errorf("%s:\n%s", what, found)
				}
			}
			if n := browsertest.Ask(t, tab, chromedp.Evaluate[int](folded)); n > 0 {
				t.Errorf("got %d cases folded, want every one that failed or is inconclusive unfolded", n)
			}
			if got := browsertest.Ask(t, tab, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`)); got != "rgb(255, 255, 255)" {
				t.Errorf("got paper of %s, want white", got)
			}
			browsertest.KeepScreenshot(t, tab, "print-"+name+".png")
		})
	}
}
