package daemon

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/browsertest"
	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/chromedp/chromedp"
)

var look = flag.String("look", "", "address of a page of a daemon that is looked at, too")

// TestPagesInChromium opens the pages as people do: on a desktop and on a phone, in light and in dark.
func TestPagesInChromium(t *testing.T) {
	browser := browsertest.Start(t)
	s, address := browsed(t, nil)
	pages := map[string]string{
		"overview": address + "/", "environment": address + "/environments/prod", "route": address + routePath,
		"past": address + routePath + "&run=run-1", "trouble": address + "/environments/prod/route?run=x",
		"run": address + "/runs/run-38", "changes": address + "/environments/prod/changes", "coverage": address + "/environments/prod/coverage",
	}
	for i := range 40 {
		s.play(t, fmt.Sprintf("run-%d", i), noon.Add(time.Duration(i-40)*time.Hour), func(res *probe.Result) {
			if i%9 > 6 || i > 35 {
				opens(openCase)(res)
			}
		})
	}
	s.now = noon
	_, empty := browsed(t, nil)
	pages["empty"], pages["empty-route"] = empty+"/environments/prod", empty+routePath
	hostile, address := browsed(t, func(c *probe.Case) {
		c.API.Name, c.Route.Path = evil, c.Route.Path+evil
	})
	hostile.play(t, "run-1", noon.Add(-time.Hour), func(res *probe.Result) {
		opens(res.ID)(res)
		res.Reason, res.Observed.Message, res.Reproduce, res.Next = evil, evil, evil, evil
		res.Attribution.Because = []string{evil}
	})
	e, err := hostile.viewOf(t.Context(), hostile.Daemon.Status().Environments[0], store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	row := e.APIs[0].Rows[0]
	pages["hostile"], pages["hostile-route"] = address+"/environments/prod", address+row.Link
	if *look != "" {
		pages["look"] = *look
	}
	for name, page := range pages {
		for _, width := range []int64{1280, 390} {
			for _, theme := range []string{"light", "dark"} {
				if (width != 390 || theme != "dark") && name != "environment" && name != "route" && name != "look" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, theme), func(t *testing.T) {
					tab, complaints := browsertest.Open(t, browser, originOf(t, page), width, theme)
					browsertest.Do(t, tab, chromedp.Navigate(page))
					for _, c := range complaints() {
						if name != "trouble" || !strings.Contains(c, "404") {
							t.Error(c)
						}
					}
					const overflow = `document.documentElement.scrollWidth-document.documentElement.clientWidth`
					if n := browsertest.Ask(t, tab, chromedp.Evaluate[int](overflow)); n > 0 {
						t.Errorf("the page is %d pixels wider than its window", n)
					}
					browsertest.KeepScreenshot(t, tab, strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestPagesInChromium/"), "/", "-")+".png")
					browsertest.Do(t, tab, chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details")) d.open = true`))
					browsertest.CheckAccessibility(t, tab)
				})
			}
		}
	}
}

// evil would run, load or turn round what is shown, if it were not text.
const evil = "<script>alert(1)</script><img src=http://evil.test/x onerror=alert(2)>\"'{{.}}\u202e\u200b]]>"

// browsed is a daemon that a browser can reach.
func browsed(t *testing.T, edit func(*probe.Case)) (*site, string) {
	t.Helper()
	matrix := matrixOf("prod", 3)
	for i := range matrix.Cases {
		if edit != nil {
			edit(&matrix.Cases[i])
		}
	}
	s := newSiteOf(t, filepath.Join(t.TempDir(), "probe.db"), matrix)
	style, err := os.ReadFile("../report/html/report.css")
	if err != nil {
		t.Fatal(err)
	}
	s.Style = string(style)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

// What happens is shown at once, and what a reader has opened stays open.
func TestPagesAreLive(t *testing.T) {
	browser := browsertest.Start(t)
	s, address := browsed(t, nil)
	s.play(t, "run-1", noon.Add(-2*time.Hour), nil)
	tab, complaints := browsertest.Open(t, browser, address, 1280, "light")
	browsertest.Do(t, tab, chromedp.Navigate(address+routePath))
	await(t, tab, `document.getElementById("live").textContent`, "live")
	// In one step: the page asks for itself again when its stream is open.
	const unfold = `document.getElementById("way-unsigned").open = true; document.querySelector("#way-unsigned summary").focus()`
	browsertest.Do(t, tab, chromedp.Evaluate[chromedp.Void](unfold))
	const shown = `[...document.querySelectorAll("details[open] .words")].map(e => e.textContent).join() + " " + document.activeElement.tagName`
	await(t, tab, shown, "pass: 403, certain SUMMARY")
	s.play(t, "run-2", noon.Add(-time.Hour), opens(openCase))
	s.Daemon.changed("prod")
	await(t, tab, shown, "fail open: 200, certain SUMMARY")
	for _, c := range complaints() {
		t.Error(c)
	}
}

func originOf(t *testing.T, page string) string {
	t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

func await(t *testing.T, tab context.Context, question, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got = browsertest.Ask(t, tab, chromedp.Evaluate[string](question)); got == want {
			return
		}
	}
	t.Fatalf("got %q, want %q", got, want)
}
