package probe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// VPCEndpoint is one way in to a private API: through an interface endpoint of a VPC, by one of two names. The third,
// private DNS, is that of the default endpoint.
type VPCEndpoint struct {
	// ID is the endpoint's, if the API is associated with it: then the API has a name of its own there.
	ID string
	// Host is the endpoint's own DNS name, or another that leads to it. It says nothing of the API, which the Host header
	// names then, or x-apigw-api-id if ByHeader is set.
	Host     string
	ByHeader bool
}

// through is the way in to the API through e.
func (a API) through(e VPCEndpoint) Access {
	access := Access{Kind: AccessVPCEndpoint, Prefix: a.Door().Prefix}
	switch {
	case e.ID != "":
		access.Host = strings.Replace(a.DefaultHost(), a.ID, a.ID+"-"+e.ID, 1)
	case e.ByHeader:
		access.Host, access.APIID = e.Host, a.ID
	default:
		access.Host, access.Connect = a.DefaultHost(), e.Host
	}
	return access
}

// Name is what is resolved and connected to, and the SNI: the host, unless the Host header says something else.
func (a Access) Name() string { return cmp.Or(a.Connect, a.Host) }

// name is what is resolved and connected to, and the SNI.
func (r *Request) name() string { return cmp.Or(r.Connect, r.Host) }

// addressed is everything of a request that chooses the API: the Host header, x-apigw-api-id, and the name that leads
// to one VPC endpoint or another.
func (r *Request) addressed() string {
	words := []string{r.Host}
	if r.name() != r.Host {
		words = append(words, "at "+r.Connect)
	}
	if id := r.Header.Get(headerAPIID); id != "" {
		words = append(words, "for "+id)
	}
	return strings.Join(words, " ")
}

// names reports whether the request is addressed to the API with this id.
func (r *Request) names(id string) bool {
	return strings.HasPrefix(r.Host, id+".") || strings.HasPrefix(r.Host, id+"-vpce-") || r.Header.Get(headerAPIID) == id
}

// insideVPC reports whether an answer shows that it came through a VPC endpoint: the name led to a private address, of
// itself, or the answer bears what only such answers do.
func insideVPC(x *exchange) bool {
	return x.obs.Header("server") == "Server" || !x.redirected && !x.proxied && x.obs.Remote != "" && !publicAddress(x.obs.Remote)
}

// declaredPublic reports whether the API is declared to be reached without a VPC endpoint.
func (a API) declaredPublic() bool {
	return a.EndpointType == EndpointRegional || a.EndpointType == EndpointEdge
}

// privately is what a refusal may come from besides on a private API: the policy of a VPC endpoint refuses before the
// layers that read credentials do, and whatever the path is.
func (e Expectation) privately(api API) Expectation {
	if api.EndpointType != EndpointPrivate {
		return e
	}
	for _, l := range e.Layers {
		switch l {
		case RouteLayer, IAMAuthentication, IAMAuthorization, ResourcePolicy, LambdaAuthorizer, CognitoAuthorizer:
			e.Layers = append(slices.Clone(e.Layers), EndpointPolicy)
			return e
		}
	}
	return e
}

var (
	ifPublicThroughVPC = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.c.API.EndpointType != EndpointPrivate }, sound: never,
		because: "declared: endpoint_type: PRIVATE",
	}
	ifPrivateAPI = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.c.API.declaredPublic() }, sound: never,
		because: "declared: the API is public",
	}
	ifNotInVPC = condition{
		holds: func(x *exchange) bool { return x.req == nil || !insideVPC(x) || !x.c.API.declaredPublic() }, sound: never,
		because: "declared: the API is public, but the answer came through a VPC endpoint",
	}
	ifOwnAddress = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.DeadEnd != Domain }, sound: never,
		because: "the request names another API",
	}
)

// declaredOutside is what speaks against every layer but the domain if a public API was reached through a VPC endpoint:
// private DNS leads all names of default endpoints there, and it knows private APIs only.
func declaredOutside(x *exchange) []reason {
	if x.custom || !x.c.API.declaredPublic() || !insideVPC(x) || x.obs.ErrorType != forbidden {
		return nil
	}
	var out []reason
	for _, l := range layers {
		if l != Domain {
			out = append(out, reason{l, fmt.Sprintf("%s: declared: endpoint_type: %s, but the answer came through a VPC endpoint", l, x.c.API.EndpointType)})
		}
	}
	return out
}
