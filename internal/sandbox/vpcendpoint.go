package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// VPCEndpoint is an interface endpoint for execute-api in a VPC.
type VPCEndpoint struct {
	ID, VPC, Region string

	Policy     *Policy // nil: the default one, which allows everything and reads nothing
	PrivateDNS bool    // default endpoints of all APIs resolve to it in its VPC
}

// Host is the endpoint's own name. It says nothing about the API, which must then
// be named by Host or x-apigw-api-id.
func (e *VPCEndpoint) Host() string {
	return e.ID + "-" + hash(e.ID)[:8] + "." + service + "." + e.Region + ".vpce." + suffix(e.Region)
}

// HostThrough is the name of a private API at one of its VPC endpoints.
func (a *API) HostThrough(endpoint string) string {
	return a.ID + "-" + endpoint + "." + service + "." + a.Region + "." + suffix(a.Region)
}

func suffix(region string) string {
	if partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

type endpointKey struct{}

// Inside is the gateway as a client meets it in the VPC of an endpoint. As there,
// the name that is connected to decides about the way: the endpoint's own names
// lead through the endpoint, default endpoints do if it has private DNS, and
// all else goes out to the public side, which [Gateway.ServeHTTP] is.
func (g *Gateway) Inside(endpoint string) http.Handler {
	e := g.endpoints[endpoint]
	if e == nil {
		panic(fmt.Sprintf("sandbox: no VPC endpoint %q", endpoint))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.takes(connectedTo(r)) {
			r = r.WithContext(context.WithValue(r.Context(), endpointKey{}, e))
		}
		g.ServeHTTP(w, r)
	})
}

// connectedTo is the name that the client has resolved, as far as it says so.
func connectedTo(r *http.Request) string {
	if r.TLS != nil && r.TLS.ServerName != "" {
		return strings.ToLower(r.TLS.ServerName)
	}
	return hostname(r)
}

// takes tells whether a name resolves to the endpoint in its VPC.
func (e *VPCEndpoint) takes(name string) bool {
	label, domain, _ := strings.Cut(name, ".")
	switch {
	case name == e.Host():
		return true
	case domain != service+"."+e.Region+"."+suffix(e.Region):
		return false
	}
	return e.PrivateDNS || strings.HasSuffix(label, "-"+e.ID)
}

func endpointOf(r *http.Request) *VPCEndpoint {
	e, _ := r.Context().Value(endpointKey{}).(*VPCEndpoint)
	return e
}

// throughEndpoint finds the private API that a request through a VPC endpoint is
// for. A Host that names an API, with or without the endpoint, goes before the
// header that names one.
func (x *exchange) throughEndpoint() *refusal {
	host := hostname(x.r)
	api := x.apis[host]
	if label, _, _ := strings.Cut(host, "."); api == nil {
		id, _ := strings.CutSuffix(label, "-"+x.endpoint.ID)
		a := x.byID[id]
		if a != nil && host == a.HostThrough(x.endpoint.ID) && slices.Contains(a.VPCEndpoints, x.endpoint.ID) {
			api = a
		}
	}
	if api == nil {
		api = x.byID[x.r.Header.Get("x-apigw-api-id")]
	}
	switch {
	case api == nil:
		return &refusal{cause: "private-api-wrong-host", kind: unrouted, message: "Forbidden"}
	case api.Endpoint != Private:
		return &refusal{cause: "public-api-through-vpc-endpoint", kind: unrouted, message: "Forbidden"}
	}
	return x.enter(api)
}

var endpointID = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)

func (m *Model) validateVPCEndpoints(p *problems) {
	seen := map[string]bool{}
	for _, e := range m.VPCEndpoints {
		p.unique(seen, "VPC endpoint", e.ID)
		where := fmt.Sprintf("VPC endpoint %q", e.ID)
		if !endpointID.MatchString(e.ID) {
			p.add("%s: want an id like vpce-0123456789abcdef0", where)
		}
		if e.VPC == "" || e.Region == "" {
			p.add("%s: got VPC %q and region %q, want both", where, e.VPC, e.Region)
		}
		if e.Policy != nil {
			e.Policy.validate(p, where)
		}
	}
	for _, a := range m.APIs {
		where := fmt.Sprintf("API %q", a.ID)
		for _, id := range a.VPCEndpoints {
			if !seen[id] {
				p.add("%s: no VPC endpoint %q", where, id)
			}
		}
		if len(a.VPCEndpoints) > 0 && a.Endpoint != Private {
			p.add("%s: got VPC endpoints, want none of an API that is not PRIVATE", where)
		}
	}
}
