package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/browsertest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestHTMLInChromium opens the page as people do: on a desktop and on a phone, in light and in dark.
func TestHTMLInChromium(t *testing.T) {
	browser := browsertest.Start(t)
	pages := make(map[string]string)
	for _, name := range []string{"open", "hostile", "nothing", "compared"} {
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, []byte(write(t, "html", Options{}, eventsOf(reports()[name]))), 0o600); err != nil {
			t.Fatal(err)
		}
		pages[name] = path
	}
	for name, path := range pages {
		for _, width := range []int64{1280, 390} {
			for _, theme := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, theme), func(t *testing.T) {
					tab := look(t, browser, path, width, theme)
					browsertest.Do(t, tab, chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true`))
					browsertest.CheckAccessibility(t, tab)
				})
			}
		}
	}
	sandbox := sandboxPage(t)
	t.Run("sandbox/1280/light", func(t *testing.T) { browsertest.CheckAccessibility(t, look(t, browser, sandbox, 1280, "light")) })
	t.Run("sandbox/390/dark", func(t *testing.T) { browsertest.CheckAccessibility(t, look(t, browser, sandbox, 390, "dark")) })
}

// look opens a page, on which nothing may happen, and which must fit its window.
func look(t *testing.T, browser context.Context, path string, width int64, theme string) context.Context {
	t.Helper()
	tab, events := browsertest.Open(t, browser, "file://"+path, width, theme)
	browsertest.Do(t, tab, chromedp.Navigate("file://"+path))
	for _, complaint := range events() {
		t.Error(complaint)
	}
	const overflow = `document.documentElement.scrollWidth-document.documentElement.clientWidth`
	if n := browsertest.Ask(t, tab, chromedp.Evaluate[int](overflow)); n > 0 {
		t.Errorf("the page is %d pixels wider than its window", n)
	}
	browsertest.KeepScreenshot(t, tab, strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestHTMLInChromium/"), "/", "-")+".png")
	return tab
}

// Links of the page and the keyboard lead to what is folded away.
func TestHTMLUnfolds(t *testing.T) {
	browser := browsertest.Start(t)
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(write(t, "html", Options{}, eventsOf(reports()["open"]))), 0o600); err != nil {
		t.Fatal(err)
	}
	const open = `[...document.querySelectorAll("details.case[open] .scenario")].map(e=>e.textContent).join()`
	tab, _ := browsertest.Open(t, browser, "file://"+path, 1280, "light")
	browsertest.Do(t, tab, chromedp.Navigate("file://"+path))
	var got []string
	for _, step := range []chromedp.Action[chromedp.Void]{
		chromedp.Sleep(0), chromedp.Click(chromedp.CSS(`section.fail a`)),
		chromedp.Focus(chromedp.CSS(`details.case:not([open]) summary`)), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter),
	} {
		browsertest.Do(t, tab, step, chromedp.Sleep(100*time.Millisecond))
		got = append(got, browsertest.Ask[string](t, tab, chromedp.Evaluate[string](open)))
	}
	if want := []string{"", "unsigned", "unsigned", "unsigned,unsigned", "unsigned"}; !slices.Equal(got, want) {
		t.Errorf("open cases: got %q, want %q", got, want)
	}
}

// sandboxPage is the report that a newcomer sees first.
func sandboxPage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sandbox.html")
	out, err := exec.CommandContext(t.Context(), "go", "run", "apigwprobe/cmd/probe", "run", "sandbox", "--format", "html", "--output", path).CombinedOutput()
	if err != nil {
		t.Fatalf("running the sandbox: %v: %s", err, out)
	}
	return path
}
