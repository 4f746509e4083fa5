package sandbox

import (
	"maps"
	"net/http"
	"slices"
)

// Front is something that an owner has put before a host. It sees a request
// first and its answer last.
type Front func(next http.Handler) http.Handler

// Chain joins fronts; the first is the outermost.
func Chain(fronts ...Front) Front {
	return func(next http.Handler) http.Handler {
		for _, f := range slices.Backward(fronts) {
			next = f(next)
		}
		return next
	}
}

// captured is an answer that a front holds in its hands.
type captured struct {
	status int
	header http.Header
	body   []byte
}

func capture(next http.Handler, r *http.Request) *captured {
	c := &captured{header: http.Header{}}
	next.ServeHTTP(c, r)
	return c
}

func (c *captured) Header() http.Header    { return c.header }
func (c *captured) WriteHeader(status int) { c.status = status }
func (c *captured) Write(b []byte) (int, error) {
	c.body = append(c.body, b...)
	return len(b), nil
}

func (c *captured) clone() *captured {
	return &captured{c.status, c.header.Clone(), c.body}
}

func (c *captured) replay(w http.ResponseWriter) {
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(c.status)
	// The client has gone if this fails; nobody is left to tell.
	_, _ = w.Write(c.body)
}
