package evidence

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// handling is what the API, as it is being edited, does with the requests of a route.
type handling struct {
	key        string // of the method or route: "ANY /{proxy+}"
	id         string // of the method's resource, or of the route
	scopes     []string
	authorizer *authorizer // nil: none, or not seen
	function   function    // behind it; the zero value: something else, or not seen
	variables  map[string]string
	deploys    bool // the stage serves what is being edited, by itself

	unseenAuthorizer, unseenFunction string // why
}

// authorizer is what an API has to authorize callers.
type authorizer struct {
	id, name, kind string // TOKEN, REQUEST, COGNITO_USER_POOLS, JWT
	function       function
	sources        []string // as the account writes them: "method.request.header.Authorization"
	validation     string
	cached         bool
	payload        string // version of the event, of an HTTP API
	simple         bool   // the function may answer yes or no
	issuer         string // of tokens, of a JWT authorizer
	audience       []string
	pools          []string // ids of the user pools of a Cognito one
}

// function is a Lambda function, and how API Gateway may call it.
type function struct{ arn, region, account, name, role string }

var functionARN = regexp.MustCompile(`arn:[a-z-]+:lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?)`)

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.(\w+)\}`)

// functionOf finds the function in an address of an integration or authorizer.
func functionOf(uri, role string, variables map[string]string) function {
	uri = stageVariable.ReplaceAllStringFunc(uri, func(v string) string { return variables[stageVariable.FindStringSubmatch(v)[1]] })
	m := functionARN.FindStringSubmatch(uri)
	if m == nil {
		return function{}
	}
	return function{m[0], m[1], m[2], m[3], role}
}

// names are those that the rights on the function have.
func (f function) names() []string {
	return []string{"region", f.region, "account", f.account, "function", f.name}
}

// group is where the function writes, unless it was told otherwise.
func (f function) group() string {
	name, _, _ := strings.Cut(f.name, ":")
	return "/aws/lambda/" + name
}

// handler finds what takes the requests of a route; not found: why is noted, unless there is none.
func (l *look) handler(r probe.Route) (*handling, bool) {
	if l.api.Type == probe.REST {
		return l.restHandler(r)
	}
	return l.v2Handler(r)
}

func (l *look) restHandler(r probe.Route) (*handling, bool) {
	resources, got := l.resources()
	if got != seen {
		return nil, false
	}
	all := make(methods)
	for _, res := range resources {
		for verb := range res.ResourceMethods {
			all[verb+" "+aws.ToString(res.Path)] = method{}
		}
	}
	key, ok := all.taking(r)
	if !ok {
		return nil, false
	}
	h := &handling{key: key, variables: l.stageVariables()}
	verb, path, _ := strings.Cut(key, " ")
	for _, res := range resources {
		m, ok := res.ResourceMethods[verb]
		if !ok || aws.ToString(res.Path) != path {
			continue
		}
		h.id, h.scopes = aws.ToString(res.Id), m.AuthorizationScopes
		if in := m.MethodIntegration; in != nil {
			h.function = functionOf(aws.ToString(in.Uri), aws.ToString(in.Credentials), h.variables)
		}
		if id := aws.ToString(m.AuthorizerId); id != "" {
			noted := len(l.notes)
			h.authorizer = l.restAuthorizer(id, h.variables)
			h.unseenAuthorizer = unnoted(l.notes[noted:])
		}
	}
	return h, true
}

func (l *look) restAuthorizer(id string, variables map[string]string) *authorizer {
	c := l.rests()
	z, got := ask(l, getAuthorizer, func(ctx context.Context) (*apigateway.GetAuthorizerOutput, error) {
		return c.GetAuthorizer(ctx, &apigateway.GetAuthorizerInput{RestApiId: &l.api.ID, AuthorizerId: &id})
	}, "api", l.api.ID, "authorizer", id)
	if got != seen {
		return nil
	}
	out := &authorizer{
		id: id, name: aws.ToString(z.Name), kind: string(z.Type), validation: aws.ToString(z.IdentityValidationExpression),
		function: functionOf(aws.ToString(z.AuthorizerUri), aws.ToString(z.AuthorizerCredentials), variables),
		cached:   z.AuthorizerResultTtlInSeconds == nil || *z.AuthorizerResultTtlInSeconds > 0, // five minutes if nothing is said
	}
	for _, arn := range z.ProviderARNs {
		out.pools = append(out.pools, arn[strings.LastIndex(arn, "/")+1:])
	}
	for source := range strings.SplitSeq(aws.ToString(z.IdentitySource), ",") {
		if source = strings.TrimSpace(source); source != "" {
			out.sources = append(out.sources, source)
		}
	}
	return out
}

func (l *look) v2Handler(r probe.Route) (*handling, bool) {
	routes, got := l.v2Routes()
	if got != seen {
		return nil, false
	}
	all := make(methods)
	for _, route := range routes {
		all[aws.ToString(route.RouteKey)] = method{}
	}
	key, ok := all.taking(r)
	if !ok {
		return nil, false
	}
	h := &handling{key: key, variables: l.stageVariables()}
	if s, got := l.v2Stage(); got == seen {
		h.deploys = aws.ToBool(s.AutoDeploy)
	}
	at := slices.IndexFunc(routes, func(route v2types.Route) bool { return aws.ToString(route.RouteKey) == key })
	h.id, h.scopes = aws.ToString(routes[at].RouteId), routes[at].AuthorizationScopes
	if id := aws.ToString(routes[at].AuthorizerId); id != "" {
		noted := len(l.notes)
		h.authorizer = l.v2Authorizer(id, h.variables)
		h.unseenAuthorizer = unnoted(l.notes[noted:])
	}
	if id, ok := strings.CutPrefix(aws.ToString(routes[at].Target), "integrations/"); ok {
		noted := len(l.notes)
		h.function = l.v2Integration(id, h.variables)
		h.unseenFunction = unnoted(l.notes[noted:])
	}
	return h, true
}

func (l *look) v2Authorizer(id string, variables map[string]string) *authorizer {
	c := l.v2s()
	z, got := ask(l, getV2Authorizer, func(ctx context.Context) (*apigatewayv2.GetAuthorizerOutput, error) {
		return c.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: &l.api.ID, AuthorizerId: &id})
	}, "api", l.api.ID, "authorizer", id)
	if got != seen {
		return nil
	}
	out := &authorizer{
		id: id, name: aws.ToString(z.Name), kind: string(z.AuthorizerType), sources: z.IdentitySource,
		function: functionOf(aws.ToString(z.AuthorizerUri), aws.ToString(z.AuthorizerCredentialsArn), variables),
		payload:  aws.ToString(z.AuthorizerPayloadFormatVersion), simple: aws.ToBool(z.EnableSimpleResponses),
		cached: aws.ToInt32(z.AuthorizerResultTtlInSeconds) > 0,
	}
	if z.JwtConfiguration != nil {
		out.issuer, out.audience = aws.ToString(z.JwtConfiguration.Issuer), z.JwtConfiguration.Audience
	}
	return out
}

func (l *look) v2Integration(id string, variables map[string]string) function {
	c := l.v2s()
	all, _ := ask(l, getIntegrations, func(ctx context.Context) ([]v2types.Integration, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]v2types.Integration, *string, error) {
			p, err := c.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &l.api.ID, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.NextToken, nil
		})
	}, "api", l.api.ID)
	for _, in := range all {
		if aws.ToString(in.IntegrationId) == id {
			return functionOf(aws.ToString(in.IntegrationUri), aws.ToString(in.CredentialsArn), variables)
		}
	}
	return function{}
}

// stageVariables are those of the stage, which addresses of functions may name.
func (l *look) stageVariables() map[string]string {
	if l.api.Type == probe.REST {
		if s, got := l.restStage(); got == seen {
			return s.Variables
		}
		return nil
	}
	if s, got := l.v2Stage(); got == seen {
		return s.StageVariables
	}
	return nil
}

// identity reads what the authorizer looks at, where that is of the request itself, and says which of it is missing.
func (z *authorizer) identity(r *probe.Request) (values, missing []string) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, nil
	}
	for _, source := range z.sources {
		value, ok := identitySource(source, r.Header, u.Query())
		if !ok {
			continue // of the context or of the stage
		}
		values = append(values, value)
		if value == "" {
			missing = append(missing, source)
		}
	}
	return values, missing
}

// identitySource is what one source holds; it reports false for one that no request chooses.
func identitySource(source string, h http.Header, query url.Values) (string, bool) {
	if _, name, ok := strings.Cut(source, "request.header."); ok {
		return strings.Join(h.Values(name), ","), true
	}
	if _, name, ok := strings.Cut(source, "request.querystring."); ok {
		return query.Get(name), true
	}
	return "", false
}

// layer is the one that the authorizer is.
func (z *authorizer) layer() probe.Layer {
	switch z.kind {
	case "COGNITO_USER_POOLS":
		return probe.CognitoAuthorizer
	case "JWT":
		return probe.JWTAuthorizer
	}
	return probe.LambdaAuthorizer
}

// sourceARNs are how API Gateway may name itself when it calls the function of an authorizer, or of the method if that is
// nil: the likeliest first. Of a method, it is not documented what stands for parameters and for any verb.
func (r *route) sourceARNs(z *authorizer) []string {
	if z != nil {
		return []string{r.executeAPI(r.api.ID + "/authorizers/" + z.id)}
	}
	method := r.key // $connect, $default
	if verb, path, ok := strings.Cut(r.key, " "); ok {
		if verb == "ANY" {
			verb = "*"
		}
		method = verb + pathParameter.ReplaceAllString(path, "*")
	}
	out := []string{r.executeAPI(r.api.ID + "/" + r.api.Stage + "/" + method)}
	if r.request != nil {
		out = append(out, r.methodOfStage())
	}
	return out
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)
