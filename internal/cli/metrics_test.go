package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"apigwprobe/internal/manifest"
	"apigwprobe/internal/metrics"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMetricsOfManifests holds what rules and dashboard ask for against what there is, and the other way round.
func TestMetricsOfManifests(t *testing.T) {
	all := make(chan *prometheus.Desc)
	go func() {
		metrics.New("").Describe(all)
		close(all)
	}()
	name := regexp.MustCompile(`apigwprobe_\w+`)
	var told, asked []string
	for d := range all {
		told = append(told, name.FindString(d.String()))
	}
	for _, kind := range []string{"prometheus-rules", "grafana"} {
		k, err := manifest.Find(kind)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := k.Write(&text, manifest.Input{}); err != nil {
			t.Fatal(err)
		}
		asked = append(asked, name.FindAllString(text.String(), -1)...)
	}
	slices.Sort(told)
	slices.Sort(asked)
	if diff := cmp.Diff(told, slices.Compact(asked)); diff != "" {
		t.Errorf("metrics that are told, and that rules and dashboard ask for (-told +asked):\n%s", diff)
	}
}

// pushgatewayCmd is "gateway STATUS": it starts a Pushgateway on loopback whose address is $PUSHGATEWAY, and which answers with
// that status and keeps what it gets in pushed.prom.
func pushgatewayCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gateway status")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	pushed := ts.MkAbs("pushed.prom")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(pushed, append([]byte(r.Method+" "+r.URL.Path+"\n"), body...), 0o600)
		}
		if err != nil {
			panic(err)
		}
		w.WriteHeader(status)
	}))
	ts.Defer(server.Close)
	ts.Setenv("PUSHGATEWAY", strings.TrimPrefix(server.URL, "http://"))
}
