package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS is the configuration by which an HTTP API answers browsers itself.
type CORS struct {
	Origins          []string // "*": all
	Methods, Headers []string
	Credentials      bool
	MaxAge           int // seconds
}

// preflightAnswer is the backend of preflights that the gateway answers.
const preflightAnswer BackendKind = "preflight-answer"

func preflightBackend(x *exchange, _ *Backend) (*response, *refusal) {
	c := x.api.CORS
	p := &response{status: http.StatusNoContent, header: map[string]string{}}
	if c.allows(x.r.Header.Get("Origin")) {
		p.header["access-control-allow-methods"] = strings.Join(c.Methods, ",")
		p.header["access-control-allow-headers"] = strings.Join(c.Headers, ",")
		p.header["access-control-max-age"] = strconv.Itoa(c.MaxAge)
	}
	return p, nil
}

func (c *CORS) allows(origin string) bool {
	return c != nil && origin != "" && (slices.Contains(c.Origins, "*") || slices.Contains(c.Origins, origin))
}

// mark adds to an answer what lets the origin's scripts read it, a refusal as
// well.
func (c *CORS) mark(p *response, origin string) {
	if !c.allows(origin) {
		return
	}
	if slices.Contains(c.Origins, "*") {
		origin = "*"
	} else {
		p.header["vary"] = "origin"
	}
	p.header["access-control-allow-origin"] = origin
	if c.Credentials {
		p.header["access-control-allow-credentials"] = "true"
	}
}
