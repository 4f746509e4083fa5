package cli_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/cli"
)

// ofPages keeps the pages that a daemon makes of a history. Each link on them has to lead somewhere.
func (a artefacts) ofPages(t *testing.T, env, config, data string) {
	t.Helper()
	log := filepath.Join(a.dir, env+".log")
	errs, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan cli.ExitCode, 1)
	go func() {
		args := []string{"serve", env, "--config", config, "--data", data, "--schedule", "0 0 1 1 *", "--listen", "127.0.0.1:0"}
		ended <- cli.Run(ctx, args, cli.Streams{Out: io.Discard, Err: errs, LookupEnv: os.LookupEnv})
	}()
	a.crawl(t, env, addressIn(t, log))
	cancel()
	if code := <-ended; code != cli.ExitOK {
		t.Errorf("serving %s: got exit code %d", env, code)
	}
	a.keep(t, env+" serve > standard error", log)
}

// addressIn waits for the address at which a daemon answers.
func addressIn(t *testing.T, log string) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`address=(http://\S+)`).FindSubmatch(text); found != nil {
			return string(found[1])
		}
	}
	t.Fatal("the daemon does not answer")
	return ""
}

// crawl follows links.
func (a artefacts) crawl(t *testing.T, env, address string) {
	t.Helper()
	const most = 120
	paths := []string{"/"}
	seen := map[string]bool{"/": true}
	for i := 0; i < len(paths) && i < most; i++ {
		answer, err := http.Get(address + paths[i])
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, %v", paths[i], answer.Status, err)
		}
		a.texts[env+" page "+paths[i]] = string(text)
		if strings.HasPrefix(paths[i], "/api/") {
			continue
		}
		for _, link := range regexp.MustCompile(`(?:href|src)="(/[^"]*)`).FindAllSubmatch(text, -1) {
			to, _, _ := strings.Cut(html.UnescapeString(string(link[1])), "#")
			if !seen[to] {
				seen[to] = true
				paths = append(paths, to)
			}
		}
	}
	if len(paths) < 10 {
		t.Errorf("the pages of %s lead to %q, want more", env, paths)
	}
}
