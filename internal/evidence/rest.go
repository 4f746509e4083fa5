package evidence

import (
	"context"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// rest compares a REST API.
func (l *look) rest() {
	api, got := l.restAPI()
	if got == absent {
		l.find("api-missing", "no REST API %s in %s", l.api.ID, l.api.Region)
		return
	}
	if got == seen {
		l.defaultEndpoint(api.DisableExecuteApiEndpoint)
		l.endpointType(api.EndpointConfiguration)
		l.keySource(api.ApiKeySource)
	}
	s, got := l.restStage()
	switch got {
	case absent:
		l.find("stage-missing", "no stage %q of %s", l.api.Stage, l.api.ID)
	case seen:
		l.webACL(aws.ToString(s.WebAclArn))
		l.canary(s.CanarySettings != nil && s.CanarySettings.PercentTraffic > 0)
		l.logging(s.AccessLogSettings != nil && aws.ToString(s.AccessLogSettings.DestinationArn) != "")
		l.routes(state{deployed: l.deployedMethods(aws.ToString(s.DeploymentId)), edited: l.editedMethods()})
		l.usagePlans()
	}
	l.gatewayResponses()
	l.domains()
}

func (l *look) restAPI() (*apigateway.GetRestApiOutput, sight) {
	c := l.rests()
	return ask(l, getRestAPI, func(ctx context.Context) (*apigateway.GetRestApiOutput, error) {
		return c.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &l.api.ID})
	}, "api", l.api.ID)
}

func (l *look) restStage() (*apigateway.GetStageOutput, sight) {
	c := l.rests()
	return ask(l, getStage, func(ctx context.Context) (*apigateway.GetStageOutput, error) {
		return c.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &l.api.ID, StageName: &l.api.Stage})
	}, "api", l.api.ID, "stage", l.api.Stage)
}

// deployedMethods are those of the deployment that the stage serves; nil: not seen.
func (l *look) deployedMethods(deployment string) methods {
	c := l.rests()
	d, got := ask(l, getDeployment, func(ctx context.Context) (*apigateway.GetDeploymentOutput, error) {
		return c.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: &l.api.ID, DeploymentId: &deployment, Embed: []string{"apisummary"}})
	}, "api", l.api.ID, "deployment", deployment)
	if got != seen || d.ApiSummary == nil {
		return nil
	}
	out := make(methods)
	for path, verbs := range d.ApiSummary {
		for verb, m := range verbs {
			out[verb+" "+path] = method{aws.ToString(m.AuthorizationType), m.ApiKeyRequired}
		}
	}
	return out
}

// resources are those of the API itself, with their methods.
func (l *look) resources() ([]types.Resource, sight) {
	c := l.rests()
	return ask(l, getResources, func(ctx context.Context) ([]types.Resource, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.Resource, *string, error) {
			p, err := c.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: &l.api.ID, Position: token, Embed: []string{"methods"}})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.Position, nil
		})
	}, "api", l.api.ID)
}

// editedMethods are those of the API itself; nil: not seen.
func (l *look) editedMethods() methods {
	resources, got := l.resources()
	if got != seen {
		return nil
	}
	out := make(methods)
	for _, r := range resources {
		for verb, m := range r.ResourceMethods {
			out[verb+" "+aws.ToString(r.Path)] = method{aws.ToString(m.AuthorizationType), aws.ToBool(m.ApiKeyRequired)}
		}
	}
	return out
}

func (l *look) defaultEndpoint(disabled bool) {
	is := probe.Enabled
	if disabled {
		is = probe.Disabled
	}
	if l.api.DefaultEndpoint != probe.Unknown && l.api.DefaultEndpoint != is {
		l.find("default-endpoint", "the default endpoint is declared %s; in the account it is %s", l.api.DefaultEndpoint, is)
	}
}

func (l *look) endpointType(c *types.EndpointConfiguration) {
	if c == nil || len(c.Types) == 0 || l.api.EndpointType == "" || string(l.api.EndpointType) == string(c.Types[0]) {
		return
	}
	l.find("endpoint-type", "the endpoint type is declared %s; in the account it is %s", l.api.EndpointType, c.Types[0])
}

func (l *look) keySource(is types.ApiKeySourceType) {
	declared := l.api.KeySource
	if declared == "" {
		declared = probe.KeyFromHeader
	}
	if is != "" && string(declared) != string(is) {
		l.find("key-source", "API keys are declared to come from %s; in the account they come from %s", declared, is)
	}
}

func (l *look) webACL(arn string) {
	switch {
	case l.api.WAF == nil:
	case *l.api.WAF && arn == "":
		l.find("web-acl", "a web ACL is declared; none is attached to stage %q", l.api.Stage)
	case !*l.api.WAF && arn != "":
		l.find("web-acl", "no web ACL is declared; attached to stage %q: %s", l.api.Stage, arn)
	}
}

func (l *look) canary(there bool) {
	if there && !l.api.Canary {
		l.find("canary", "no canary is declared; stage %q has one, which takes a share of the requests", l.api.Stage)
	}
}

func (l *look) logging(on bool) {
	if !on {
		l.find("logging", "stage %q writes no access log: no answer can be looked up there", l.api.Stage)
	}
}

// gatewayResponses compares the customised gateway responses of the API. What is edited is shown, deployed or not.
func (l *look) gatewayResponses() {
	c := l.rests()
	all, got := ask(l, getGatewayResponses, func(ctx context.Context) ([]types.GatewayResponse, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.GatewayResponse, *string, error) {
			p, err := c.GetGatewayResponses(ctx, &apigateway.GetGatewayResponsesInput{RestApiId: &l.api.ID, Position: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.Position, nil
		})
	}, "api", l.api.ID)
	if got != seen {
		return
	}
	var undeclared []string
	for _, r := range all {
		name := string(r.ResponseType)
		_, declared := l.api.GatewayResponses[name]
		switch {
		case !r.DefaultResponse && !declared:
			undeclared = append(undeclared, name)
		case r.DefaultResponse && declared:
			l.find("gateway-response", "%s is declared as customised; in the API it is not", name)
		}
	}
	if len(undeclared) > 0 {
		l.find("gateway-response", "customised in the API, and not declared: %s", strings.Join(undeclared, ", "))
	}
}
