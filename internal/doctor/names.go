package doctor

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"apigwprobe/probe"
)

// names are what a fix is written with. What nobody knows is to be replaced.
type names struct {
	Type                                               probe.APIType
	REST, HTTP                                         bool
	Environment, API, APIName, Stage                   string
	Region, Partition, Account                         string
	Route, Method, Path, Authorization                 string
	TakesToken                                         bool
	Host, Base, URL, Origin                            string // of the way in that the finding is about
	Private, CustomDomain                              bool
	Endpoint                                           string // id of the VPC endpoint
	MethodARN, StageARN, SourceARN, AuthorizerARN      string
	Resource, Authorizer, AuthorizerFunction, Function string
	Plan, Key, WebACL, LogGroup                        string
	Principal, CallerARN, CallerAccount, CallerRole    string // who signs; CallerRole: user or role, without the session
	User, Role                                         string // its name
	Foreign                                            bool   // the caller is of another account than the API
	TokenHeader, Origins                               string
}

// namesFor are the names for a finding about res.
func (in Input) namesFor(res probe.Result) names {
	api, route := in.API, in.Route
	unknown := func(what string) string { return "REPLACE-BY-" + what }
	n := names{
		Type: api.Type, REST: api.Type == probe.REST, HTTP: api.Type == probe.HTTP,
		Environment: in.Report.Run.Environment, APIName: api.Name,
		API: cmp.Or(api.ID, unknown("API-ID")), Stage: cmp.Or(api.Stage, unknown("STAGE")), Region: cmp.Or(api.Region, unknown("REGION")),
		Partition: probe.Partition(api.Region), Account: cmp.Or(in.Names.Owner, unknown("ACCOUNT-ID")),
		Route: route.Name(), Method: route.Method, Path: route.Path, Authorization: string(route.Authorization), TakesToken: route.Authorization.TakesToken(),
		Private: res.Access == probe.AccessVPCEndpoint, CustomDomain: res.Access == probe.AccessCustomDomain,
		Resource: cmp.Or(in.Names.Resource, unknown("RESOURCE-ID")), Authorizer: cmp.Or(in.Names.Authorizer.ID, unknown("AUTHORIZER-ID")),
		AuthorizerFunction: cmp.Or(in.Names.Authorizer.Function, unknown("AUTHORIZER-FUNCTION")), Function: cmp.Or(in.Names.Function, unknown("FUNCTION")),
		Plan: cmp.Or(in.Names.Plan, unknown("USAGE-PLAN-ID")), Key: cmp.Or(in.Names.Key, unknown("API-KEY-ID")),
		WebACL: cmp.Or(in.Names.WebACL, unknown("WEB-ACL-ARN")), LogGroup: cmp.Or(in.Names.LogGroup, unknown("LOG-GROUP")),
		Endpoint: unknown("VPC-ENDPOINT-ID"), TokenHeader: "Authorization", Origins: unknown("ORIGIN"),
	}
	for _, e := range api.Endpoints {
		n.Endpoint = cmp.Or(e.ID, n.Endpoint)
	}
	if route.CORS != nil && len(route.CORS.Origins) > 0 {
		n.Origins = route.CORS.Origins[0]
	}
	for _, s := range route.Token.Sources {
		n.TokenHeader = cmp.Or(s.Header, n.TokenHeader)
	}
	n.address(res, api)
	n.arns(api, route)
	n.caller(in)
	return n
}

// address is where the control of the finding's way in goes.
func (n *names) address(res probe.Result, api probe.API) {
	n.Host, n.Base = res.Host, "(none)"
	for _, d := range api.Domains {
		if d.Host == res.Host && d.BasePath != "" && strings.HasSuffix(res.AccessID, "/"+d.BasePath) {
			n.Base = d.BasePath
		}
	}
	n.URL = "https://" + n.Host + "/"
	if res.Request != nil {
		if u, err := url.Parse(res.Request.URL); err == nil {
			n.URL = u.Scheme + "://" + u.Host + u.EscapedPath()
		}
	}
	n.Origin = "https://" + n.Host + "/"
}

var pathParameter = regexp.MustCompile(`\{[^{}]+\}`)

// arns are those that policies name. A path is that of requests, with any value for a parameter.
func (n *names) arns(api probe.API, route probe.Route) {
	base := "arn:" + n.Partition + ":execute-api:" + n.Region + ":" + n.Account + ":" + n.API
	what := route.Path
	if route.Method != "" {
		what = route.Method + pathParameter.ReplaceAllString(route.Path, "*")
	}
	n.StageARN = base + "/" + n.Stage + "/*"
	n.MethodARN = base + "/" + n.Stage + "/" + what
	n.SourceARN = base + "/*/" + what
	n.AuthorizerARN = base + "/authorizers/" + n.Authorizer
}

// caller is whose control was sent.
func (n *names) caller(in Input) {
	n.Principal, n.CallerRole, n.Role = "the caller", "REPLACE-BY-ARN-OF-THE-CALLER", "REPLACE-BY-ROLE"
	for _, c := range in.Callers {
		if c.Role != RoleControl {
			continue
		}
		n.Principal = cmp.Or(c.Principal, n.Principal)
		if c.ARN == "" {
			return
		}
		n.CallerARN, n.CallerAccount, n.CallerRole = c.ARN, c.Account, c.ARN
		n.Foreign = in.Names.Owner != "" && c.Account != in.Names.Owner
		kind, name, _ := strings.Cut(c.ARN[strings.LastIndexByte(c.ARN, ':')+1:], "/")
		switch kind {
		case "user":
			n.User = name[strings.LastIndexByte(name, '/')+1:]
		case "assumed-role":
			n.Role, _, _ = strings.Cut(name, "/")
			n.CallerRole = "arn:" + n.Partition + ":iam::" + c.Account + ":role/" + n.Role
		}
	}
}
