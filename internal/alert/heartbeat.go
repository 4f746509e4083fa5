package alert

import (
	"context"
	"net/http"
)

// Heartbeat tells somebody else that the prober is alive, who raises an alarm when that stops.
type Heartbeat struct {
	url    Source
	method string
	client *http.Client
}

// NewHeartbeat pings a URL with a method, POST if it is empty.
func NewHeartbeat(url Source, method string) *Heartbeat {
	if method == "" {
		method = http.MethodPost
	}
	return &Heartbeat{url, method, newClient(nil)}
}

// Beat pings once, after a whole cycle of the scheduler. It is not repeated: the next cycle comes.
func (h *Heartbeat) Beat(ctx context.Context) error {
	return do(ctx, h.client, request{method: h.method, url: h.url})
}
