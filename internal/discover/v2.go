package discover

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// paged reads all pages of a list of the second version of the management API. Names are those of the right.
func paged[T any](r *region, right probe.Right, next func(token *string) ([]T, *string, error), names ...string) (all []T, ok bool) {
	var token *string
	for {
		some, following, err := next(token)
		if err != nil {
			r.unread(err, right, names...)
			return all, false
		}
		all = append(all, some...)
		if token = following; aws.ToString(token) == "" {
			return all, true
		}
	}
}

func (r *region) v2APIs(ctx context.Context) []types.Api {
	all, _ := paged(r, getAPIs, func(token *string) ([]types.Api, *string, error) {
		page, err := r.v2.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: token, MaxResults: aws.String("500")})
		if err != nil {
			return nil, nil, err
		}
		return page.Items, page.NextToken, nil
	})
	return all
}

// findV2 finds the stages of an HTTP or WebSocket API, and what is deployed on each.
func (r *region) findV2(ctx context.Context, a types.Api) {
	id, name := aws.ToString(a.ApiId), aws.ToString(a.Name)
	r.step(name)
	stages, ok := paged(r, getV2Stages, func(token *string) ([]types.Stage, *string, error) {
		page, err := r.v2.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &id, NextToken: token, MaxResults: aws.String("500")})
		if err != nil {
			return nil, nil, err
		}
		return page.Items, page.NextToken, nil
	}, "api", id, "name", strconv.Quote(name))
	if ok && len(stages) == 0 {
		r.inventory.Notes = append(r.inventory.Notes, fmt.Sprintf("%s API %q (%s) has no stage: nothing of it is deployed", a.ProtocolType, name, id))
	}
	draft := &v2Draft{region: r, id: id, name: name}
	for _, s := range stages {
		out := API{
			Name: name, ID: id, Region: r.name, Stage: aws.ToString(s.StageName), Type: probe.APIType(a.ProtocolType), DefaultEndpoint: probe.Enabled,
		}
		if aws.ToBool(a.DisableExecuteApiEndpoint) {
			out.DefaultEndpoint = probe.Disabled
		}
		if a.CorsConfiguration != nil {
			out.CORS = a.CorsConfiguration.AllowOrigins
		}
		var document *API
		if out.Type == probe.HTTP {
			document = r.exportV2(ctx, &out, aws.ToBool(s.AutoDeploy))
		}
		if document != nil {
			out.Routes = document.Routes
		} else {
			draft.load(ctx)
			out.Routes = slices.Clone(draft.routes)
			if !aws.ToBool(s.AutoDeploy) {
				out.Notes = append(out.Notes, undeployed)
			}
		}
		if out.Type == probe.WebSocket {
			out.handshakeAlone()
		}
		r.lead(&out)
		r.inventory.APIs = append(r.inventory.APIs, out)
	}
}

// exportV2 reads the stage of an HTTP API as an OpenAPI document. A stage that deploys by itself serves what is being
// edited, so that the document says nothing that the routes do not.
func (r *region) exportV2(ctx context.Context, out *API, auto bool) *API {
	got, err := r.v2.ExportApi(ctx, &apigatewayv2.ExportApiInput{
		ApiId: &out.ID, StageName: &out.Stage, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"), IncludeExtensions: aws.Bool(true),
	})
	var document *API
	if err == nil {
		document, err = readExport(got.Body, probe.HTTP)
	}
	if err != nil && (!auto || denied(err)) {
		r.unread(err, exportAPI, out.names()...)
	}
	if err != nil {
		return nil
	}
	return document
}

// handshakeAlone leaves the route that authorization is asked on. A WebSocket API without it lets everybody in.
func (a *API) handshakeAlone() {
	var others []string
	var handshake []Route
	for _, r := range a.Routes {
		if r.Path == probe.ConnectRoute {
			handshake = append(handshake, r)
		} else {
			others = append(others, r.name())
		}
	}
	if len(handshake) == 0 {
		handshake = []Route{{Path: probe.ConnectRoute, Authorization: probe.AuthNone, Notes: []string{"the API has no such route: every handshake is let in"}}}
	}
	if len(others) > 0 {
		a.Notes = append(a.Notes, "other routes, which no handshake meets: "+strings.Join(others, ", "))
	}
	a.Routes = handshake
}

// v2Draft is an HTTP or WebSocket API as it is being edited.
type v2Draft struct {
	*region
	id, name string
	read     bool
	routes   []Route
}

func (d *v2Draft) load(ctx context.Context) {
	if d.read {
		return
	}
	d.read = true
	routes, _ := paged(d.region, getRoutes, func(token *string) ([]types.Route, *string, error) {
		page, err := d.v2.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &d.id, NextToken: token, MaxResults: aws.String("500")})
		if err != nil {
			return nil, nil, err
		}
		return page.Items, page.NextToken, nil
	}, "api", d.id, "name", strconv.Quote(d.name))
	authorizers := d.authorizers(ctx, routes)
	for _, r := range routes {
		method, path, ok := strings.Cut(aws.ToString(r.RouteKey), " ")
		if !ok {
			method, path = "", aws.ToString(r.RouteKey)
		}
		d.routes = append(d.routes, Route{
			Method: method, Path: path, Authorization: authorization(string(r.AuthorizationType)), APIKeyRequired: aws.ToBool(r.ApiKeyRequired),
			Scopes: r.AuthorizationScopes, Authorizer: authorizers[aws.ToString(r.AuthorizerId)],
		})
	}
	slices.SortFunc(d.routes, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
}

// authorizers are those that the routes name.
func (d *v2Draft) authorizers(ctx context.Context, routes []types.Route) map[string]*Authorizer {
	out := make(map[string]*Authorizer)
	for _, r := range routes {
		id := aws.ToString(r.AuthorizerId)
		if _, known := out[id]; id == "" || known {
			continue
		}
		a, err := d.v2.GetAuthorizer(ctx, &apigatewayv2.GetAuthorizerInput{ApiId: &d.id, AuthorizerId: &id})
		if err != nil {
			d.unread(err, getAuthorizer, "api", d.id, "name", strconv.Quote(d.name), "authorizer", id)
			out[id] = nil
			continue
		}
		out[id] = newAuthorizer(aws.ToString(a.Name), "", a.IdentitySource)
	}
	return out
}
