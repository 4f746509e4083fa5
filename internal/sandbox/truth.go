package sandbox

import (
	"net/http"
	"slices"
	"sync"
)

// Truth is what really became of a request. It is for tests: nothing of it
// shows in the answer.
type Truth struct {
	RequestID, Method, Host, Path, Layer, Cause string
	Status                                      int    // as the client saw it
	ExtendedID                                  string // x-amz-apigw-id, or apigw-requestid of an HTTP API
}

// Truth returns the truth about the request that was sent with this
// x-amzn-RequestId, or was given it, or this apigw-requestid.
func (g *Gateway) Truth(requestID string) (Truth, bool) {
	g.log.mu.Lock()
	defer g.log.mu.Unlock()
	t, ok := g.log.byID[requestID]
	return t, ok
}

// Truths returns the latest truths, oldest first.
func (g *Gateway) Truths() []Truth {
	g.log.mu.Lock()
	defer g.log.mu.Unlock()
	return slices.Clone(g.log.order)
}

// maxTruths bounds the memory of a gateway that serves for days.
const maxTruths = 20_000

type truthLog struct {
	mu    sync.Mutex
	order []Truth
	byID  map[string]Truth
}

func (l *truthLog) add(t Truth) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) == maxTruths {
		delete(l.byID, l.order[0].RequestID)
		delete(l.byID, l.order[0].ExtendedID)
		l.order = l.order[1:]
	}
	if l.byID == nil {
		l.byID = map[string]Truth{}
	}
	l.order = append(l.order, t)
	if t.RequestID != "" { // else no request has come
		l.byID[t.RequestID] = t
	}
	if t.ExtendedID != "" { // else a front has answered
		l.byID[t.ExtendedID] = t
	}
}

// truthKey is where a request's context carries its *Truth, which whoever
// answers fills in: the gateway, or a front that answers in its place.
type truthKey struct{}

func truthOf(r *http.Request) *Truth { return r.Context().Value(truthKey{}).(*Truth) }

// truthWriter logs the truth when the answer's status is known and before the
// client can have seen a byte of it, so that no test has to wait for the log.
type truthWriter struct {
	http.ResponseWriter
	truth *Truth
	log   *truthLog
}

// Unwrap lets a WebSocket take the connection over.
func (w *truthWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *truthWriter) WriteHeader(status int) {
	w.truth.Status = status
	w.log.add(*w.truth)
	w.ResponseWriter.WriteHeader(status)
}
