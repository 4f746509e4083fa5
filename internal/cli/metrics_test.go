package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

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
