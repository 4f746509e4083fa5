package probe

import "slices"

// reads is one row of the table of facets: what a layer may look at when it decides.
type reads struct {
	apis  []APIType // kinds of API of which it holds; nil: all
	layer Layer
	// sound are all facets that a deterministic layer may read: it treats alike what is equal in them, as long as the
	// configuration is stable. nil: it is not deterministic, for it keeps counters and
	// caches or runs anybody's code, and no proof puts it aside by siblings. Proofs know default
	// hosts only: on a custom domain nothing shows that what was sent is what arrived.
	sound []Facet
	// plain are the facets that the layer usually depends on; nil: the sound ones.
	plain []Facet
	// declared are the facets that it depends on if every way in leads where it is declared to lead; nil: the plain ones.
	declared []Facet
}

var (
	// The header x-apigw-api-id is among the headers, but on a public host it chooses nothing.
	defaultHost  = []Facet{FacetAddress, FacetHost}
	defaultStage = []Facet{FacetAddress, FacetHost, FacetStageSegment}
	usualAddress = []Facet{FacetHost, FacetPath, FacetMethod}
	usualStage   = []Facet{FacetHost, FacetStageSegment}
	// Behind its mapping a method is the same, whatever the way in.
	deployedMethod = []Facet{facetResource, FacetMethod}
)

// readsTable is section 3.2 of the method. A layer that is missing here for a kind of API is never put aside by siblings.
var readsTable = []reads{
	{
		layer: TLS,
		sound: []Facet{FacetConn, FacetCertificate, FacetHost},
		plain: []Facet{FacetCertificate, FacetHost},
	},
	{
		layer: Domain,
		sound: defaultHost,
		plain: usualStage,
	},
	{
		apis: onREST, layer: EndpointPolicy,
		sound: []Facet{FacetConn, FacetHost, FacetMethod, FacetPath, FacetAuth, FacetPrincipal, FacetHeaders, FacetClock},
	},
	{
		apis: onREST, layer: Stage,
		sound: defaultStage,
		plain: usualStage, declared: []Facet{facetDeployed},
	},
	{
		// Not deterministic: rate rules, lists that others fill, rules on any byte.
		apis: onREST, layer: WAF,
		plain:    []Facet{FacetHost, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
		declared: []Facet{facetDeployed, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
	},
	{
		apis: onREST, layer: RouteLayer,
		sound: append([]Facet{FacetPath, FacetMethod}, defaultStage...),
		plain: usualAddress, declared: deployedMethod,
	},
	{
		// A path that names no other stage belongs to $default.
		apis: onV2, layer: Stage,
		sound: []Facet{FacetAddress, FacetHost, FacetPath},
		plain: usualStage, declared: []Facet{facetDeployed},
	},
	{
		// The answer to a preflight depends on Origin and Access-Control-Request-Method, too.
		apis: onV2, layer: RouteLayer,
		sound: []Facet{FacetAddress, FacetHost, FacetPath, FacetMethod, FacetHeaders},
		plain: usualAddress, declared: deployedMethod,
	},
	{
		apis: onREST, layer: ResourcePolicy,
		sound: []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		plain: usualAddress, declared: deployedMethod,
	},
	{
		layer: IAMAuthentication,
		sound: []Facet{FacetAuth, FacetPrincipal, FacetMethod, FacetHost, FacetPath, FacetQuery, FacetHeaders, FacetBody, FacetClock},
	},
	{
		// Not deterministic: what the function said is kept for other methods, too, and the function may read anything.
		layer: LambdaAuthorizer,
		plain: []Facet{
			FacetToken, FacetAuth, FacetKey, FacetQuery, FacetHeaders, FacetHost, FacetPath, FacetMethod, FacetCertificate,
		},
	},
	{
		// Which header is the identity source is declared, and so not known.
		apis: onREST, layer: CognitoAuthorizer,
		sound:    []Facet{FacetHost, FacetPath, FacetMethod, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock},
		plain:    append([]Facet{FacetToken, FacetClock}, usualAddress...),
		declared: append([]Facet{FacetToken, FacetClock}, deployedMethod...),
	},
	{
		// The issuer's keys are fetched and kept, which a stable configuration includes.
		apis: onHTTP, layer: JWTAuthorizer,
		sound: []Facet{
			FacetHost, FacetPath, FacetMethod, FacetQuery, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock,
		},
		plain:    append([]Facet{FacetToken, FacetClock}, usualAddress...),
		declared: append([]Facet{FacetToken, FacetClock}, deployedMethod...),
	},
	{
		layer:    IAMAuthorization,
		sound:    []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		plain:    []Facet{FacetHost, FacetPath, FacetMethod, FacetPrincipal},
		declared: append([]Facet{FacetPrincipal}, deployedMethod...),
	},
	{
		// Not deterministic: until it is proven that the key comes from the header, it may come from an authorizer.
		apis: withKeys, layer: APIKeyLayer,
		plain: append([]Facet{FacetKey, FacetToken}, usualAddress...), declared: append([]Facet{FacetKey, FacetToken}, deployedMethod...),
	},
}

// of reports whether the row holds of a kind of API.
func (r reads) of(api APIType) bool { return r.apis == nil || slices.Contains(r.apis, api) }

// facetsFor returns the facets of a row that an elimination compares.
func (r reads) facetsFor(e elimination) []Facet {
	switch {
	case e.declared && r.declared != nil:
		return r.declared
	case e.plain && r.plain != nil:
		return r.plain
	default:
		return r.sound
	}
}
