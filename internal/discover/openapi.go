package discover

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"apigwprobe/probe"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"
)

// anyMethod is where API Gateway writes a route for all methods.
const anyMethod = "x-amazon-apigateway-any-method"

// FromOpenAPI reads an OpenAPI document with API Gateway's extensions: what is declared, before it is deployed.
func FromOpenAPI(data []byte, name, region string) (*Inventory, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	family := familyOf(doc)
	api := describe(doc, family)
	api.Region = region
	inventory := &Inventory{Source: "the OpenAPI document " + name}
	api.locate(doc)
	if len(api.Routes) == 0 {
		return nil, fmt.Errorf("reading %q: got no operation, want at least one", name)
	}
	inventory.APIs = []API{*api}
	return inventory, nil
}

// parse reads OpenAPI 3, or Swagger 2, in JSON or YAML.
func parse(data []byte) (doc *openapi3.T, err error) {
	defer func() {
		if r := recover(); r != nil { // the library falls over what is empty where it wants something
			err = errors.New("got a document with a part that is empty, want none")
		}
	}()
	var head struct{ Swagger, Openapi string }
	if err := yaml.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("got neither JSON nor YAML: %w", err)
	}
	if head.Swagger == "" && head.Openapi == "" {
		return nil, fmt.Errorf(`got neither "openapi" nor "swagger", want an OpenAPI document`)
	}
	loader := openapi3.NewLoader()
	if head.Swagger == "" {
		return loader.LoadFromData(data)
	}
	var tree any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("got a document that is no JSON: %w", err)
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3(&old)
}

// readExport reads what API Gateway exports of a stage.
func readExport(data []byte, family probe.APIType) (*API, error) {
	var head struct{ Openapi string }
	if err := json.Unmarshal(data, &head); err != nil || head.Openapi == "" {
		return nil, errNoDocument
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	return describe(doc, family), nil
}

// extension decodes an extension into v and reports whether it is there.
func extension(all map[string]any, name string, v any) bool {
	raw, ok := all[name]
	if !ok {
		return false
	}
	text, err := json.Marshal(raw)
	return err == nil && json.Unmarshal(text, v) == nil
}

// familyOf tells HTTP from REST by what only one of them has.
func familyOf(doc *openapi3.T) probe.APIType {
	var text string
	if extension(doc.Extensions, "x-amazon-apigateway-importexport-version", &text) || doc.Extensions["x-amazon-apigateway-cors"] != nil {
		return probe.HTTP
	}
	for _, s := range schemes(doc) {
		if s.authorization == probe.AuthJWT || s.payload != "" {
			return probe.HTTP
		}
	}
	return probe.REST
}

// scheme is a security scheme as API Gateway takes it.
type scheme struct {
	key           bool // an API key
	authorization probe.Authorization
	authorizer    *Authorizer
	payload       string // version of what a Lambda authorizer is sent, of HTTP APIs
}

func schemes(doc *openapi3.T) map[string]scheme {
	out := make(map[string]scheme)
	if doc.Components == nil {
		return out
	}
	for name, ref := range doc.Components.SecuritySchemes {
		if ref != nil && ref.Value != nil {
			out[name] = readScheme(name, ref.Value)
		}
	}
	return out
}

func readScheme(name string, s *openapi3.SecurityScheme) scheme {
	var kind string
	extension(s.Extensions, "x-amazon-apigateway-authtype", &kind)
	var a struct {
		Type, IdentitySource, IdentityValidationExpression, AuthorizerPayloadFormatVersion string
	}
	// The source is a list in some documents, a text in others.
	raw := maps.Clone(s.Extensions)
	if m, ok := raw["x-amazon-apigateway-authorizer"].(map[string]any); ok {
		if list, ok := m["identitySource"].([]any); ok {
			texts := make([]string, len(list))
			for i, v := range list {
				texts[i] = fmt.Sprint(v)
			}
			m = maps.Clone(m)
			m["identitySource"] = strings.Join(texts, ",")
			raw["x-amazon-apigateway-authorizer"] = m
		}
	}
	isAuthorizer := extension(raw, "x-amazon-apigateway-authorizer", &a)
	out := scheme{payload: a.AuthorizerPayloadFormatVersion}
	switch {
	case strings.EqualFold(kind, "awsSigv4"):
		out.authorization = probe.AuthIAM
	case isAuthorizer:
		out.authorization = map[string]probe.Authorization{
			"token": probe.AuthCustom, "request": probe.AuthCustom, "cognito_user_pools": probe.AuthCognito, "jwt": probe.AuthJWT,
		}[strings.ToLower(a.Type)]
		sources := strings.Split(a.IdentitySource, ",")
		if a.IdentitySource == "" && strings.ToLower(a.Type) != "request" && s.Name != "" {
			sources = []string{"method.request.header." + s.Name}
		}
		out.authorizer = newAuthorizer(name, a.IdentityValidationExpression, sources)
	case s.Type == "apiKey" && s.In == "header" && strings.EqualFold(s.Name, "x-api-key"):
		out.key = true
	}
	return out
}

// describe reads the routes of a document and what is customised in it.
func describe(doc *openapi3.T, family probe.APIType) *API {
	api := &API{Type: family, Responses: make(map[string]probe.GatewayResponse)}
	if doc.Info != nil {
		api.Name = doc.Info.Title
	}
	known := schemes(doc)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		if item == nil {
			continue
		}
		operations := item.Operations()
		var any openapi3.Operation
		if extension(item.Extensions, anyMethod, &any) {
			operations["ANY"] = &any
		}
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			if method == http.MethodTrace || method == http.MethodConnect {
				continue // API Gateway has neither
			}
			r := readOperation(doc, known, item, method, path)
			r.fit(family)
			api.Routes = append(api.Routes, r)
		}
	}
	var responses map[string]struct {
		StatusCode        any
		ResponseTemplates map[string]string
	}
	extension(doc.Extensions, "x-amazon-apigateway-gateway-responses", &responses)
	for name, r := range responses {
		status := 0
		_, _ = fmt.Sscan(fmt.Sprint(r.StatusCode), &status) // a number or a text; nothing leaves it as it is
		addResponse(api.Responses, name, status, r.ResponseTemplates)
	}
	var source string
	if extension(doc.Extensions, "x-amazon-apigateway-api-key-source", &source) {
		api.KeySource = probe.KeySource(strings.ToUpper(source))
	}
	if policy := doc.Extensions["x-amazon-apigateway-policy"]; policy != nil {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if e.Encode(policy) == nil {
			api.Notes = append(api.Notes, "resource policy: "+strings.TrimSpace(text.String()))
		}
	}
	var cors struct{ AllowOrigins []string }
	if extension(doc.Extensions, "x-amazon-apigateway-cors", &cors) {
		api.CORS = cors.AllowOrigins
	}
	return api
}

// fit takes out what APIs of the type do not have, whatever a document says.
func (r *Route) fit(family probe.APIType) {
	known := []probe.Authorization{probe.AuthNone, probe.AuthIAM, probe.AuthCustom, probe.AuthCognito}
	if family == probe.HTTP {
		known[3] = probe.AuthJWT
	}
	if !slices.Contains(known, r.Authorization) {
		r.Notes = append(r.Notes, fmt.Sprintf("the document says %q, which an API of type %s does not have", r.Authorization, family))
		r.Authorization = probe.AuthNone
	}
	if family == probe.HTTP && r.APIKeyRequired {
		r.Notes = append(r.Notes, "the document wants an API key, which HTTP APIs do not have")
		r.APIKeyRequired = false
	}
}

func readOperation(doc *openapi3.T, known map[string]scheme, item *openapi3.PathItem, method, path string) Route {
	op := item.GetOperation(method)
	if method == "ANY" {
		op = new(openapi3.Operation)
		extension(item.Extensions, anyMethod, op)
	}
	r := Route{Method: method, Path: path, Authorization: probe.AuthNone}
	if path == "/$default" {
		r.Method, r.Path = "", defaultRoute
	}
	var auth struct{ Type string }
	if extension(op.Extensions, "x-amazon-apigateway-auth", &auth) {
		r.Authorization = authorization(auth.Type)
	}
	security := op.Security
	if security == nil && len(doc.Security) > 0 {
		security = &doc.Security
		r.Notes = append(r.Notes, "secured for all operations at once, which API Gateway ignores in a REST API")
	}
	if security != nil {
		for _, requirement := range *security {
			for _, name := range slices.Sorted(maps.Keys(requirement)) {
				r.secure(name, known[name], requirement[name])
			}
		}
	}
	for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
		if p != nil && p.Value != nil && p.Value.Required && (p.Value.In == "query" || p.Value.In == "header") {
			r.Required = append(r.Required, p.Value.In+" "+p.Value.Name)
		}
	}
	return r
}

// secure adds what a security requirement asks for.
func (r *Route) secure(name string, s scheme, scopes []string) {
	switch {
	case s.key:
		r.APIKeyRequired = true
	case s.authorization != "":
		r.Authorization, r.Authorizer, r.Scopes = s.authorization, s.authorizer, scopes
	default:
		r.Notes = append(r.Notes, fmt.Sprintf("the security scheme %q has no authorizer: API Gateway does not enforce it", name))
	}
}

// variable is what API Gateway puts something in the place of, in a template of a response.
var variable = regexp.MustCompile(`\$(context|input|util|stageVariables)[A-Za-z0-9_.()'$]*`)

// addResponse adds a customised gateway response, with the longest part of its body that is always the same.
func addResponse(out map[string]probe.GatewayResponse, name string, status int, templates map[string]string) {
	custom := probe.GatewayResponse{Status: status}
	template := variable.ReplaceAllString(templates["application/json"], "\n")
	for _, line := range strings.FieldsFunc(template, unicode.IsControl) {
		if line = strings.TrimSpace(line); len(line) > len(custom.Body) {
			custom.Body = line
		}
	}
	if len(custom.Body) < 3 { // a bracket says nothing
		custom.Body = ""
	}
	if slices.Contains(probe.ResponseTypes(), name) && custom != (probe.GatewayResponse{}) {
		out[name] = custom
	}
}

// configure reads how the API is reached.
func (a *API) configure(extensions map[string]any) {
	var c struct {
		DisableExecuteAPIEndpoint *bool `json:"disableExecuteApiEndpoint"`
		Types                     []string
		VPCEndpointIDs            []string `json:"vpcEndpointIds"`
	}
	if !extension(extensions, "x-amazon-apigateway-endpoint-configuration", &c) {
		return
	}
	if c.DisableExecuteAPIEndpoint != nil {
		a.DefaultEndpoint = map[bool]probe.Declared{true: probe.Disabled, false: probe.Enabled}[*c.DisableExecuteAPIEndpoint]
	}
	endpoints := []probe.EndpointType{probe.EndpointEdge, probe.EndpointRegional, probe.EndpointPrivate}
	if len(c.Types) > 0 && slices.Contains(endpoints, probe.EndpointType(c.Types[0])) {
		a.EndpointType = probe.EndpointType(c.Types[0])
	}
	for _, id := range c.VPCEndpointIDs {
		if a.Type != probe.REST || !vpcEndpoint.MatchString(id) {
			continue
		}
		a.EndpointType = probe.EndpointPrivate
		a.Endpoints = append(a.Endpoints, probe.VPCEndpoint{ID: id})
	}
}

var defaultHost = regexp.MustCompile(`^([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// What a configuration takes for a stage, a host and a base path.
var (
	vpcEndpoint = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)

	stageName  = regexp.MustCompile(`^[A-Za-z0-9_-]{0,128}$`)
	customHost = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	basePath   = regexp.MustCompile(`^([A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*)?$`)
)

func (a *API) leadsTo(host, base string) bool {
	return slices.ContainsFunc(a.Domains, func(d Domain) bool { return d.Host == host && d.BasePath == base })
}

// nowhere is the host of an API that the document says nothing about: a name that never resolves.
const nowhere = "change-me.invalid"

// locate finds the ways in among the servers of a document.
func (a *API) locate(doc *openapi3.T) {
	a.configure(doc.Extensions)
	for _, s := range doc.Servers {
		if s == nil {
			continue
		}
		a.configure(s.Extensions)
		text := s.URL
		for name, v := range s.Variables {
			if v == nil {
				continue
			}
			text = strings.ReplaceAll(text, "{"+name+"}", strings.TrimPrefix(v.Default, "/"))
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || strings.ContainsAny(u.Host, "{}:") {
			continue
		}
		base := strings.Trim(u.Path, "/")
		host := strings.ToLower(u.Host)
		switch m := defaultHost.FindStringSubmatch(host); {
		case m != nil && a.ID == "" && stageName.MatchString(base):
			a.ID, a.Region, a.Stage = m[1], cmp.Or(a.Region, m[2]), base
		case m == nil && customHost.MatchString(host) && basePath.MatchString(base) && !a.leadsTo(host, base):
			a.Domains = append(a.Domains, Domain{Host: host, BasePath: base})
		}
	}
	if a.ID != "" && a.Stage == "" {
		a.Stage = "prod"
		if a.Type == probe.HTTP {
			a.Stage = probe.DefaultStage
		}
		a.Notes = append(a.Notes, "the document does not name the stage: say which below")
	}
	if a.ID == "" && len(a.Domains) == 0 {
		a.Domains = []Domain{{Host: nowhere, Notes: []string{"the document names no server; say where the API is, here or with id and stage"}}}
	}
	if a.Region == "" {
		a.Region = "us-east-1"
		a.Notes = append(a.Notes, "the document does not name the region: say which below, or with --region")
	}
}
