package probe

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestTimings: each phase that happened took a time, and no other did.
func TestTimings(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	p := proberTo(t, s.Listener.Addr().String())
	type happened struct{ DNS, Connect, TLS, FirstByte, Total, Sent, Received, Server bool }
	look := func(o *Observation) happened {
		if o.Timings.FirstByte > o.Timings.Total {
			t.Errorf("first byte after %v ms of %v ms", o.Timings.FirstByte, o.Timings.Total)
		}
		return happened{
			o.Timings.DNS > 0, o.Timings.Connect > 0, o.Timings.TLS > 0, o.Timings.FirstByte > 0, o.Timings.Total > 0,
			!o.Sent.IsZero(), o.Received.After(o.Sent), !o.ServerDate.IsZero(),
		}
	}
	first := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "first", look(first), happened{false, true, true, true, true, true, true, true})
	second := p.Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "second", look(second), happened{false, false, false, true, true, true, true, true})
	checkEqual(t, "connection and remote", []string{second.Conn, second.Remote}, []string{first.Conn, s.Listener.Addr().String()})
	refused := proberTo(t, closedAddress(t)).Observe(t.Context(), getting(hostCustom, "/"))
	checkEqual(t, "refused", look(refused), happened{Total: true, Sent: true, Received: true})
}

// TestObserveSideBySide is for the race detector: one prober, several hosts and certificates, some of them canceled.
func TestObserveSideBySide(t *testing.T) {
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/hold") {
			<-r.Context().Done()
			return
		}
		fmt.Fprintf(w, `{"message":"%s%s"}`, r.Host, r.URL.Path)
	})
	p := NewProber(planTo(s.Listener.Addr().String()), Material{})
	alice := trusted().issue(tomorrow, "alice")
	var all sync.WaitGroup
	for i := range 48 {
		all.Go(func() {
			r := getting([]string{hostDefault, hostCustom, hostOther}[i%3], fmt.Sprintf("/%d", i))
			if i%2 == 0 {
				r.ClientCertificate = alice
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%6 == 5 {
				r.URL = "https://" + r.Host + "/hold"
				cancel()
				if o := p.Observe(ctx, r); o.Error == nil || o.Error.Kind != "canceled" {
					t.Errorf("request %d: got %d %v, want it canceled", i, o.Status, o.Error)
				}
				return
			}
			o := p.Observe(ctx, r)
			checkEqual(t, "status and message", []any{o.Status, o.Message}, []any{200, fmt.Sprintf("%s/%d", r.Host, i)})
		})
	}
	all.Wait()
	p.Close()
}
