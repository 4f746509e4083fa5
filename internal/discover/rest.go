package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

func (r *region) restAPIs(ctx context.Context) (all []types.RestApi) {
	pages := apigateway.NewGetRestApisPaginator(r.rest, &apigateway.GetRestApisInput{Limit: aws.Int32(500)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			r.unread(err, getRestAPIs)
			return all
		}
		all = append(all, page.Items...)
	}
	return all
}

// findREST finds the stages of a REST API, and what is deployed on each.
func (r *region) findREST(ctx context.Context, a types.RestApi) {
	id, name := aws.ToString(a.Id), aws.ToString(a.Name)
	r.step(name)
	stages, err := r.rest.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: a.Id})
	if err != nil {
		r.unread(err, getStages, "api", id, "name", strconv.Quote(name))
		return
	}
	if len(stages.Item) == 0 {
		r.inventory.Notes = append(r.inventory.Notes, fmt.Sprintf("REST API %q (%s) has no stage: nothing of it is deployed", name, id))
	}
	draft := &draft{region: r, api: a}
	for _, s := range stages.Item {
		out := API{
			Name: name, ID: id, Region: r.name, Stage: aws.ToString(s.StageName), Type: probe.REST,
			DefaultEndpoint: probe.Enabled, Canary: s.CanarySettings != nil, KeySource: probe.KeySource(a.ApiKeySource),
		}
		if a.DisableExecuteApiEndpoint {
			out.DefaultEndpoint = probe.Disabled
		}
		if c := a.EndpointConfiguration; c != nil && len(c.Types) > 0 {
			out.EndpointType = probe.EndpointType(c.Types[0])
		}
		if out.EndpointType == probe.EndpointPrivate {
			r.findEndpoints(ctx, &out, a.EndpointConfiguration.VpcEndpointIds)
		}
		out.WAF = r.webACL(ctx, &out, s)
		r.deployed(ctx, &out, aws.ToString(s.DeploymentId), draft)
		r.lead(&out)
		r.inventory.APIs = append(r.inventory.APIs, out)
	}
}

// webACL says whether one is attached to the stage.
func (r *region) webACL(ctx context.Context, out *API, s types.Stage) *bool {
	if arn := aws.ToString(s.WebAclArn); arn != "" {
		out.Notes = append(out.Notes, "web ACL: "+arn)
		return aws.Bool(true)
	}
	arn := getWebACL.On(r.name, "api", out.ID, "stage", out.Stage)
	acl, err := r.waf.GetWebACLForResource(ctx, &wafv2.GetWebACLForResourceInput{ResourceArn: &arn})
	switch {
	case err != nil && absent(err):
		return aws.Bool(false)
	case err != nil:
		r.unread(err, getWebACL, out.names()...)
		return nil
	case acl.WebACL != nil:
		out.Notes = append(out.Notes, "web ACL: "+aws.ToString(acl.WebACL.ARN))
	}
	return aws.Bool(acl.WebACL != nil)
}

// deployed finds what the stage serves: the summary of its deployment says which methods there are and what they want,
// its export says the rest. Where neither can be had, the API as it is being edited has to do, and a comment says so.
func (r *region) deployed(ctx context.Context, out *API, deployment string, draft *draft) {
	document := r.export(ctx, out)
	summary := r.summary(ctx, out, deployment)
	switch {
	case document != nil:
		out.Routes, out.Responses = document.Routes, document.Responses
		out.Notes = append(out.Notes, document.Notes...)
		out.KeySource = cmp.Or(document.KeySource, out.KeySource)
		out.Routes = corrected(out.Routes, summary)
	case summary != nil:
		out.Routes = corrected(nil, summary)
		draft.complete(ctx, out)
	default:
		draft.replace(ctx, out)
	}
}

// export reads the stage as an OpenAPI document.
func (r *region) export(ctx context.Context, out *API) *API {
	got, err := r.rest.GetExport(ctx, &apigateway.GetExportInput{
		RestApiId: &out.ID, StageName: &out.Stage, ExportType: aws.String("oas30"), Accepts: aws.String("application/json"),
		Parameters: map[string]string{"extensions": "apigateway"},
	})
	if err != nil {
		r.unread(err, getExport, out.names()...)
		return nil
	}
	document, err := readExport(got.Body, probe.REST)
	if err != nil {
		r.unread(err, getExport, out.names()...)
		return nil
	}
	return document
}

// summary is what each method of a deployment wants, by "GET /path".
func (r *region) summary(ctx context.Context, out *API, deployment string) map[string]types.MethodSnapshot {
	got, err := r.rest.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: &out.ID, DeploymentId: &deployment, Embed: []string{"apisummary"}})
	if err != nil {
		r.unread(err, getDeployment, append(out.names(), "deployment", deployment)...)
		return nil
	}
	var all map[string]types.MethodSnapshot
	for path, methods := range got.ApiSummary {
		for method, m := range methods {
			if all == nil {
				all = make(map[string]types.MethodSnapshot)
			}
			all[method+" "+path] = m
		}
	}
	return all
}

// corrected puts what a summary says in the place of what a document says.
func corrected(routes []Route, summary map[string]types.MethodSnapshot) []Route {
	for _, name := range slices.Sorted(maps.Keys(summary)) {
		i := slices.IndexFunc(routes, func(r Route) bool { return r.name() == name })
		if i < 0 {
			method, path, _ := strings.Cut(name, " ")
			routes = append(routes, Route{Method: method, Path: path})
			i = len(routes) - 1
		}
		routes[i].Authorization = authorization(aws.ToString(summary[name].AuthorizationType))
		routes[i].APIKeyRequired = summary[name].ApiKeyRequired
	}
	return routes
}

func authorization(text string) probe.Authorization {
	return cmp.Or(probe.Authorization(strings.ToUpper(text)), probe.AuthNone)
}

// draft is the API as it is being edited, read when somebody needs it and then kept.
type draft struct {
	*region
	api         types.RestApi
	read        bool
	routes      []Route
	responses   map[string]probe.GatewayResponse
	authorizers map[string]*Authorizer
}

const undeployed = "the routes are those of the API as it is being edited, since the deployment cannot be read: some may not be deployed"

// replace takes everything from the draft.
func (d *draft) replace(ctx context.Context, out *API) {
	d.load(ctx)
	out.Routes, out.Responses = slices.Clone(d.routes), d.responses
	out.Notes = append(out.Notes, undeployed)
}

// complete takes from the draft what a summary does not say of the methods that it has.
func (d *draft) complete(ctx context.Context, out *API) {
	d.load(ctx)
	out.Responses = d.responses
	for i := range out.Routes {
		for _, edited := range d.routes {
			if r := &out.Routes[i]; edited.name() == r.name() && edited.Authorization == r.Authorization {
				r.Scopes, r.Authorizer, r.Required = edited.Scopes, edited.Authorizer, edited.Required
			}
		}
	}
	out.Notes = append(out.Notes, "authorizers, scopes and parameters are those of the API as it is being edited")
}

func (d *draft) load(ctx context.Context) {
	if d.read {
		return
	}
	d.read = true
	id, name := aws.ToString(d.api.Id), aws.ToString(d.api.Name)
	d.authorizers = d.restAuthorizers(ctx, id, name)
	pages := apigateway.NewGetResourcesPaginator(d.rest, &apigateway.GetResourcesInput{RestApiId: &id, Embed: []string{"methods"}, Limit: aws.Int32(500)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			d.unread(err, getResources, "api", id, "name", strconv.Quote(name))
			break
		}
		for _, resource := range page.Items {
			for _, verb := range slices.Sorted(maps.Keys(resource.ResourceMethods)) {
				d.routes = append(d.routes, d.route(verb, aws.ToString(resource.Path), resource.ResourceMethods[verb]))
			}
		}
	}
	d.responses = d.gatewayResponses(ctx, id, name)
}

func (d *draft) route(verb, path string, m types.Method) Route {
	r := Route{
		Method: verb, Path: path, Authorization: authorization(aws.ToString(m.AuthorizationType)), APIKeyRequired: aws.ToBool(m.ApiKeyRequired),
		Scopes: m.AuthorizationScopes, Authorizer: d.authorizers[aws.ToString(m.AuthorizerId)],
	}
	for _, parameter := range slices.Sorted(maps.Keys(m.RequestParameters)) {
		if m.RequestParameters[parameter] {
			r.Required = append(r.Required, requiredParameter(parameter)...)
		}
	}
	return r
}

// requiredParameter reads "method.request.querystring.page". Those of the path are in the path.
func requiredParameter(text string) []string {
	parts := strings.SplitN(text, ".", 4)
	if len(parts) < 4 || parts[2] == "path" {
		return nil
	}
	return []string{strings.Replace(parts[2], "querystring", "query", 1) + " " + parts[3]}
}

func (r *region) restAuthorizers(ctx context.Context, id, name string) map[string]*Authorizer {
	out := make(map[string]*Authorizer)
	input := &apigateway.GetAuthorizersInput{RestApiId: &id, Limit: aws.Int32(500)}
	for {
		page, err := r.rest.GetAuthorizers(ctx, input)
		if err != nil {
			r.unread(err, getAuthorizers, "api", id, "name", strconv.Quote(name))
			return out
		}
		for _, a := range page.Items {
			out[aws.ToString(a.Id)] = newAuthorizer(aws.ToString(a.Name), aws.ToString(a.IdentityValidationExpression), strings.Split(aws.ToString(a.IdentitySource), ","))
		}
		if input.Position = page.Position; aws.ToString(input.Position) == "" {
			return out
		}
	}
}

// newAuthorizer reads identity sources, in the spelling of any type of API. What a token must match may be empty.
func newAuthorizer(name, match string, sources []string) *Authorizer {
	a := &Authorizer{Name: name}
	if match != "" {
		a.Notes = append(a.Notes, "it is asked only of tokens that match "+match)
	}
	for _, source := range sources {
		source = strings.TrimSpace(source)
		in, what := source, ""
		for _, prefix := range []string{"method.request.", "route.request.", "$request."} {
			if rest, ok := strings.CutPrefix(source, prefix); ok {
				in, what, _ = strings.Cut(rest, ".")
			}
		}
		switch {
		case source == "":
		case in == "header":
			a.Sources = append(a.Sources, probe.TokenSource{Header: what})
		case in == "querystring":
			a.Sources = append(a.Sources, probe.TokenSource{Query: what})
		default:
			a.Notes = append(a.Notes, "identity source: "+source)
		}
	}
	return a
}

func (r *region) gatewayResponses(ctx context.Context, id, name string) map[string]probe.GatewayResponse {
	out := make(map[string]probe.GatewayResponse)
	input := &apigateway.GetGatewayResponsesInput{RestApiId: &id, Limit: aws.Int32(500)}
	for {
		page, err := r.rest.GetGatewayResponses(ctx, input)
		if err != nil {
			r.unread(err, getGatewayResponses, "api", id, "name", strconv.Quote(name))
			return out
		}
		for _, g := range page.Items {
			if !g.DefaultResponse {
				status, err := strconv.Atoi(aws.ToString(g.StatusCode))
				if err != nil {
					status = 0
				}
				addResponse(out, string(g.ResponseType), status, g.ResponseTemplates)
			}
		}
		if input.Position = page.Position; aws.ToString(input.Position) == "" {
			return out
		}
	}
}

var errNoDocument = errors.New("got a document that is not OpenAPI 3")
