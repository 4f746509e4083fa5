package evidence

import (
	"context"
	"encoding/json"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// v2 compares an HTTP or WebSocket API.
func (l *look) v2() {
	api, got := l.v2API()
	if got == absent {
		l.find("api-missing", "no HTTP or WebSocket API %s in %s", l.api.ID, l.api.Region)
		return
	}
	if got == seen {
		l.defaultEndpoint(aws.ToBool(api.DisableExecuteApiEndpoint))
		if string(api.ProtocolType) != string(l.api.Type) {
			l.find("api-type", "the type is declared %s; in the account it is %s", l.api.Type, api.ProtocolType)
		}
	}
	s, got := l.v2Stage()
	switch got {
	case absent:
		l.find("stage-missing", "no stage %q of %s", l.api.Stage, l.api.ID)
	case seen:
		l.logging(s.AccessLogSettings != nil && aws.ToString(s.AccessLogSettings.DestinationArn) != "")
		now := state{edited: l.editedRoutes()}
		switch {
		case aws.ToBool(s.AutoDeploy):
			now.deployed = now.edited
		case l.api.Type == probe.HTTP:
			now.deployed = l.exportedRoutes()
		default:
			l.note("%s: what is deployed of a WebSocket API cannot be read; its routes were compared with the API itself", l.api.Name)
		}
		l.routes(now)
		if l.api.Type == probe.WebSocket {
			l.usagePlans()
		}
	}
	l.domains()
}

func (l *look) v2API() (*apigatewayv2.GetApiOutput, sight) {
	c := l.v2s()
	return ask(l, getV2API, func(ctx context.Context) (*apigatewayv2.GetApiOutput, error) {
		return c.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &l.api.ID})
	}, "api", l.api.ID)
}

func (l *look) v2Stage() (*apigatewayv2.GetStageOutput, sight) {
	c := l.v2s()
	return ask(l, getV2Stage, func(ctx context.Context) (*apigatewayv2.GetStageOutput, error) {
		return c.GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: &l.api.ID, StageName: &l.api.Stage})
	}, "api", l.api.ID, "stage", l.api.Stage)
}

// v2Routes are those of the API itself.
func (l *look) v2Routes() ([]types.Route, sight) {
	c := l.v2s()
	return ask(l, getRoutes, func(ctx context.Context) ([]types.Route, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.Route, *string, error) {
			p, err := c.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &l.api.ID, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.NextToken, nil
		})
	}, "api", l.api.ID)
}

// editedRoutes are those of the API itself; nil: not seen.
func (l *look) editedRoutes() methods {
	routes, got := l.v2Routes()
	if got != seen {
		return nil
	}
	out := make(methods)
	for _, r := range routes {
		out[aws.ToString(r.RouteKey)] = method{string(r.AuthorizationType), aws.ToBool(r.ApiKeyRequired)}
	}
	return out
}

// exportedRoutes are those that the stage serves; nil: not seen.
func (l *look) exportedRoutes() methods {
	c := l.v2s()
	out, got := ask(l, exportAPI, func(ctx context.Context) (methods, error) {
		e, err := c.ExportApi(ctx, &apigatewayv2.ExportApiInput{
			ApiId: &l.api.ID, OutputType: aws.String("JSON"), Specification: aws.String("OAS30"), StageName: &l.api.Stage, IncludeExtensions: aws.Bool(true),
		})
		if err != nil {
			return nil, err
		}
		return exported(e.Body)
	}, "api", l.api.ID, "stage", l.api.Stage)
	if got != seen {
		return nil
	}
	return out
}

// exported reads the routes of an OpenAPI document that API Gateway exported of an HTTP API.
func exported(document []byte) (methods, error) {
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
		Components struct {
			Schemes map[string]struct {
				AuthType   string `json:"x-amazon-apigateway-authtype"`
				Authorizer struct {
					Type string `json:"type"`
				} `json:"x-amazon-apigateway-authorizer"`
			} `json:"securitySchemes"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	out := make(methods)
	for path, verbs := range doc.Paths {
		for verb, operation := range verbs {
			m := method{authorization: string(probe.AuthNone)}
			for _, security := range operation.Security {
				for name := range security {
					scheme := doc.Components.Schemes[name]
					switch {
					case strings.EqualFold(scheme.AuthType, "awsSigv4"):
						m.authorization = string(probe.AuthIAM)
					case strings.EqualFold(scheme.Authorizer.Type, "jwt"):
						m.authorization = string(probe.AuthJWT)
					case scheme.Authorizer.Type != "":
						m.authorization = string(probe.AuthCustom)
					}
				}
			}
			out[routeKey(verb, path)] = m
		}
	}
	return out, nil
}

// routeKey is the key of a route as a document writes it.
func routeKey(verb, path string) string {
	const catchAll = "/" + probe.DefaultStage
	switch {
	case path == catchAll:
		return probe.DefaultStage
	case verb == "x-amazon-apigateway-any-method":
		return "ANY " + path
	}
	return strings.ToUpper(verb) + " " + path
}
