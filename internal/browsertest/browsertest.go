// Package browsertest opens pages in Chromium, as people do, for the tests of those that write pages.
package browsertest

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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	dialog "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "keep screenshots of pages in this directory, to be looked at")

// axe is axe-core, which .ci/run fetches.
const axe = "../../.ci/bin/axe.min.js"

// Start starts a browser that asks nobody for anything; where there is none, the test is skipped, but not in CI.
func Start(t *testing.T) context.Context {
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
	Do(t, browser)
	return browser
}

// Open opens an empty tab, and returns what there is to complain about in what it shows later, such as a request for
// anything whose address does not begin with own.
func Open(t *testing.T, browser context.Context, own string, width int64, theme string) (context.Context, func() []string) {
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
			if !strings.HasPrefix(e.Request.URL, "data:") && !strings.HasPrefix(e.Request.URL, own) {
				complain("request: %s", e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	Do(t, tab, chromedp.EmulateViewport(width, 900))
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

// Do takes steps in a tab.
func Do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

// Ask answers a question about a tab.
func Ask[T any](t *testing.T, tab context.Context, question chromedp.Action[T]) T {
	t.Helper()
	answer, err := chromedp.Run(tab, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// KeepScreenshot keeps a picture of the whole tab if somebody wants to look at it.
func KeepScreenshot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	picture := Ask(t, tab, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*screenshots, name), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// CheckAccessibility lets axe-core look for missing labels, poor contrast and whatever else it knows.
func CheckAccessibility(t *testing.T, tab context.Context) {
	t.Helper()
	script, err := os.ReadFile(axe)
	if err != nil {
		t.Logf("accessibility is not checked: %v", err)
		return
	}
	Do(t, tab, chromedp.Evaluate[chromedp.Void](string(script)))
	found := Ask(t, tab, chromedp.Evaluate[string](
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
