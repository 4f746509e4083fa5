package probe

import "slices"

// reads is one row of the table of facets: what a layer may look at when it decides.
type reads struct {
	apis  []APIType // kinds of API of which it holds; nil: all
	layer Layer
	// sound are all facets that the layer may read, on a default host and on a custom domain.
	sound, soundCustom []Facet
	// deterministic layers treat equal facets alike as long as the configuration is stable; only they are put aside
	// by siblings in a proof.
	deterministic bool
	// plain are the facets that the layer usually depends on; nil: the sound ones.
	plain []Facet
	// declared are the facets that it depends on if every way in leads where it is declared to lead; nil: the plain ones.
	declared []Facet
}

var (
	everything = []Facet{
		FacetConn, FacetAddress, FacetCertificate, FacetHost, FacetStageSegment, FacetPath, FacetMethod, FacetQuery,
		FacetAuth, FacetPrincipal, FacetToken, FacetKey, FacetHeaders, FacetBody, FacetClock, FacetState,
	}
	// A routing rule of a custom domain may match any header, credentials included.
	customDomain = []Facet{FacetAddress, FacetHost, FacetPath, FacetHeaders, FacetAuth, FacetToken, FacetKey}
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
		layer: TLS, deterministic: true,
		sound: []Facet{FacetConn, FacetCertificate, FacetHost}, soundCustom: []Facet{FacetConn, FacetCertificate, FacetHost},
		plain: []Facet{FacetCertificate, FacetHost},
	},
	{
		layer: Domain, deterministic: true,
		sound: defaultHost, soundCustom: customDomain,
		plain: usualStage,
	},
	{
		apis: onREST, layer: EndpointPolicy, deterministic: true,
		sound:       []Facet{FacetConn, FacetHost, FacetMethod, FacetPath, FacetAuth, FacetPrincipal, FacetHeaders, FacetClock},
		soundCustom: []Facet{FacetConn, FacetHost, FacetMethod, FacetPath, FacetAuth, FacetPrincipal, FacetHeaders, FacetClock},
	},
	{
		apis: onREST, layer: Stage, deterministic: true,
		sound: defaultStage, soundCustom: customDomain,
		plain: usualStage, declared: []Facet{facetDeployed},
	},
	{
		// Not deterministic: rate rules, lists that others fill, rules on any byte.
		apis: onREST, layer: WAF,
		sound: everything, soundCustom: everything,
		plain:    []Facet{FacetHost, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
		declared: []Facet{facetDeployed, FacetMethod, FacetQuery, facetScheme, FacetHeaders, FacetBody},
	},
	{
		apis: onREST, layer: RouteLayer, deterministic: true,
		sound:       append([]Facet{FacetPath, FacetMethod}, defaultStage...),
		soundCustom: append([]Facet{FacetPath, FacetMethod}, customDomain...),
		plain:       usualAddress, declared: deployedMethod,
	},
	{
		// A path that names no other stage belongs to $default.
		apis: onV2, layer: Stage, deterministic: true,
		sound: []Facet{FacetAddress, FacetHost, FacetPath}, soundCustom: customDomain,
		plain: usualStage, declared: []Facet{facetDeployed},
	},
	{
		// The answer to a preflight depends on Origin and Access-Control-Request-Method, too.
		apis: onV2, layer: RouteLayer, deterministic: true,
		sound:       []Facet{FacetAddress, FacetHost, FacetPath, FacetMethod, FacetHeaders},
		soundCustom: append([]Facet{FacetMethod}, customDomain...),
		plain:       usualAddress, declared: deployedMethod,
	},
	{
		apis: onREST, layer: ResourcePolicy, deterministic: true,
		sound:       []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		soundCustom: append([]Facet{FacetConn, FacetMethod, FacetPrincipal, FacetClock}, customDomain...),
		plain:       usualAddress, declared: deployedMethod,
	},
	{
		layer: IAMAuthentication, deterministic: true,
		sound:       []Facet{FacetAuth, FacetPrincipal, FacetMethod, FacetHost, FacetPath, FacetQuery, FacetHeaders, FacetBody, FacetClock},
		soundCustom: append([]Facet{FacetPrincipal, FacetMethod, FacetQuery, FacetBody, FacetClock}, customDomain...),
	},
	{
		// Not deterministic: what the function said is kept for other methods, too, and the function may read anything.
		layer: LambdaAuthorizer,
		sound: everything, soundCustom: everything,
		plain: []Facet{
			FacetToken, FacetAuth, FacetKey, FacetQuery, FacetHeaders, FacetHost, FacetPath, FacetMethod, FacetCertificate,
		},
	},
	{
		// Which header is the identity source is declared, and so not known.
		apis: onREST, layer: CognitoAuthorizer, deterministic: true,
		sound:       []Facet{FacetHost, FacetPath, FacetMethod, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock},
		soundCustom: append([]Facet{FacetMethod, FacetPrincipal, FacetClock}, customDomain...),
		plain:       append([]Facet{FacetToken, FacetClock}, usualAddress...),
		declared:    append([]Facet{FacetToken, FacetClock}, deployedMethod...),
	},
	{
		// The issuer's keys are fetched and kept, which a stable configuration includes.
		apis: onHTTP, layer: JWTAuthorizer, deterministic: true,
		sound: []Facet{
			FacetHost, FacetPath, FacetMethod, FacetQuery, FacetToken, FacetAuth, FacetPrincipal, FacetKey, FacetHeaders, FacetClock,
		},
		soundCustom: append([]Facet{FacetMethod, FacetQuery, FacetPrincipal, FacetClock}, customDomain...),
		plain:       append([]Facet{FacetToken, FacetClock}, usualAddress...),
		declared:    append([]Facet{FacetToken, FacetClock}, deployedMethod...),
	},
	{
		layer: IAMAuthorization, deterministic: true,
		sound:       []Facet{FacetConn, FacetHost, FacetPath, FacetMethod, FacetPrincipal, FacetHeaders, FacetClock},
		soundCustom: append([]Facet{FacetConn, FacetMethod, FacetPrincipal, FacetClock}, customDomain...),
		plain:       []Facet{FacetHost, FacetPath, FacetMethod, FacetPrincipal},
		declared:    append([]Facet{FacetPrincipal}, deployedMethod...),
	},
	{
		// Not deterministic: until it is proven that the key comes from the header, it may come from an authorizer.
		apis: withKeys, layer: APIKeyLayer,
		sound: everything, soundCustom: everything,
		plain: append([]Facet{FacetKey, FacetToken}, usualAddress...), declared: append([]Facet{FacetKey, FacetToken}, deployedMethod...),
	},
}

// of reports whether the row holds of a kind of API.
func (r reads) of(api APIType) bool { return r.apis == nil || slices.Contains(r.apis, api) }

// facetsFor returns the facets of a row for a request to a default host or a custom domain.
func (r reads) facetsFor(custom bool, e elimination) []Facet {
	switch {
	case e.declared && r.declared != nil:
		return r.declared
	case e.plain && r.plain != nil:
		return r.plain
	case custom:
		return r.soundCustom
	default:
		return r.sound
	}
}
