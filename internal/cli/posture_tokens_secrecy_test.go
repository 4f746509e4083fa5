package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// No token is in a report, neither one of the configuration nor one that was made from it, wherever it was sent and
// whoever echoes it.
func TestTokensAreNotReported(t *testing.T) {
	for name, source := range map[string]probe.TokenSource{
		"Authorization": {Header: "Authorization"}, "header": {Header: "X-Token"}, "query": {Query: "token"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var sent []string
			// What stands in front notes the token and answers with it, plain and encoded.
			echo := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					token := r.Header.Get(source.Header)
					if source.Query != "" {
						token = r.URL.Query().Get(source.Query)
					}
					_, token, _ = strings.Cut(token, " ")
					mu.Lock()
					sent = append(sent, token)
					mu.Unlock()
					w.Header().Set("X-Cache", "for "+token)
					w.Header().Set("Www-Authenticate", `Bearer realm="`+token+`"`)
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = w.Write([]byte(`{"message":"` + token + ` ` + base64.StdEncoding.EncodeToString([]byte("t:"+token)) + `"}`))
				})
			}
			o := posture{
				setup:   both(doorShut, tokenAPI(), routes(lambda("/orders")), front(sandbox.Front(echo))),
				declare: both(sentIn(source), eachRoute(func(r *probe.Route) { r.Token.Scheme = "Bearer" })),
			}.run(t)
			text, err := json.Marshal(o.report)
			if err != nil {
				t.Fatal(err)
			}
			seen := make(map[string]bool)
			for _, token := range sent {
				parts := strings.Split(token, ".")
				if len(parts) < 2 || seen[token] {
					continue
				}
				seen[token] = true
				for i, part := range parts {
					if i == 0 || len(part) < 8 {
						continue // the header says the algorithm, which is no secret; and an empty signature is none
					}
					for _, form := range []string{part[:8], part[len(part)-8:]} {
						if strings.Contains(string(text), form) {
							t.Errorf("the report holds %q of part %d of a token", form, i)
						}
					}
				}
			}
			if len(seen) < 8 {
				t.Errorf("got %d different tokens, want those of each scenario", len(seen))
			}
		})
	}
}
