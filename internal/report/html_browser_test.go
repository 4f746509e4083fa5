package report

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	dialog "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var screenshots = flag.String("screenshots", "", "keep screenshots of the HTML report in this directory, to be looked at")

// axe is axe-core, which .ci/run fetches.
const axe = "../../.ci/bin/axe.min.js"

// TestHTMLInChromium opens the page as people do: on a desktop and on a phone, in light and in dark.
func TestHTMLInChromium(t *testing.T) {
	browser := startChromium(t)
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
					do(t, tab, chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true`))
					checkAccessibility(t, tab)
				})
			}
		}
	}
	sandbox := sandboxPage(t)
	t.Run("sandbox/1280/light", func(t *testing.T) { checkAccessibility(t, look(t, browser, sandbox, 1280, "light")) })
	t.Run("sandbox/390/dark", func(t *testing.T) { checkAccessibility(t, look(t, browser, sandbox, 390, "dark")) })
}

// look opens a page, on which nothing may happen, and which must fit its window.
func look(t *testing.T, browser context.Context, path string, width int64, theme string) context.Context {
	t.Helper()
	tab, events := openTab(t, browser, width, theme)
	do(t, tab, chromedp.Navigate("file://"+path))
	for _, complaint := range events() {
		t.Error(complaint)
	}
	const overflow = `document.documentElement.scrollWidth-document.documentElement.clientWidth`
	if n := ask(t, tab, chromedp.Evaluate[int](overflow)); n > 0 {
		t.Errorf("the page is %d pixels wider than its window", n)
	}
	keepScreenshot(t, tab, strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestHTMLInChromium/"), "/", "-")+".png")
	return tab
}

// Links of the page and the keyboard lead to what is folded away.
func TestHTMLUnfolds(t *testing.T) {
	browser := startChromium(t)
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(write(t, "html", Options{}, eventsOf(reports()["open"]))), 0o600); err != nil {
		t.Fatal(err)
	}
	const open = `[...document.querySelectorAll("details.case[open] .scenario")].map(e=>e.textContent).join()`
	tab, _ := openTab(t, browser, 1280, "light")
	do(t, tab, chromedp.Navigate("file://"+path))
	var got []string
	for _, step := range []chromedp.Action[chromedp.Void]{
		chromedp.Sleep(0), chromedp.Click(chromedp.CSS(`section.fail a`)),
		chromedp.Focus(chromedp.CSS(`details.case:not([open]) summary`)), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter),
	} {
		do(t, tab, step, chromedp.Sleep(100*time.Millisecond))
		got = append(got, ask[string](t, tab, chromedp.Evaluate[string](open)))
	}
	if want := []string{"", "unsigned", "unsigned", "unsigned,unsigned", "unsigned"}; !slices.Equal(got, want) {
		t.Errorf("open cases: got %q, want %q", got, want)
	}
}

// startChromium starts a browser that asks nobody for anything; where there is none, the test is skipped, but not in CI.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("got no Chromium, want one: .ci/run installs it")
		}
		t.Skip("there is no Chromium: the page is not looked at")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	browser, end := chromedp.NewContext(allocator)
	t.Cleanup(func() { end(); stop() }) // in this order, and before the directory goes
	do(t, browser)
	return browser
}

// openTab opens an empty tab, and returns what there is to complain about in what it shows later.
func openTab(t *testing.T, browser context.Context, width int64, theme string) (context.Context, func() []string) {
	t.Helper()
	tab, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	var mu sync.Mutex
	var complaints []string
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, fmt.Sprintf(format, args...))
	}
	loads := 0
	err := chromedp.Listen(tab, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			complain("console: %s", e.Type)
		case *runtime.EventExceptionThrown:
			complain("exception: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			complain("log: %s: %s", e.Entry.Level, e.Entry.Text)
		case *dialog.EventJavascriptDialogOpening:
			complain("dialog: %s", e.Message)
		case *network.EventRequestWillBeSent:
			if strings.HasPrefix(e.Request.URL, "file:") {
				loads++
			}
			if !strings.HasPrefix(e.Request.URL, "data:") && loads != 1 {
				complain("request: %s", e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	do(t, tab, chromedp.EmulateViewport(width, 900))
	scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, scheme); err != nil {
		t.Fatal(err)
	}
	return tab, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return complaints
	}
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

func ask[T any](t *testing.T, tab context.Context, question chromedp.Action[T]) T {
	t.Helper()
	answer, err := chromedp.Run(tab, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func keepScreenshot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	picture := ask(t, tab, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*screenshots, name), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkAccessibility lets axe-core look for missing labels, poor contrast and whatever else it knows.
func checkAccessibility(t *testing.T, tab context.Context) {
	t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		t.Logf("accessibility is not checked: %v", err)
		return
	}
	do(t, tab, chromedp.Evaluate[chromedp.Void](string(script)))
	found := ask(t, tab, chromedp.Evaluate[string](
		`axe.run({resultTypes: ["violations"]}).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(
			v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.failureSummary).join("; "))}))`,
		chromedp.EvalAwaitPromise))
	var result struct {
		Passes     int
		Violations []string
	}
	if err := json.Unmarshal([]byte(found), &result); err != nil {
		t.Fatal(err)
	}
	if result.Passes < 10 {
		t.Errorf("axe-core: got %d rules that hold, want it to have looked", result.Passes)
	}
	for _, v := range result.Violations {
		t.Errorf("axe-core: %s", v)
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
