package sandbox

import (
	_ "embed"
	"strings"
	"text/template"
	"time"
)

// The names and secrets of the built-in environment. They open nothing but the
// sandbox and are the same in its model and in its configuration.
var builtin = struct {
	Region, Account, Partner          string
	Orders, Catalog, Ledger, Legacy   string // API ids
	Vault, Reports, Shop              string
	Members, Feed                     string
	Domain, SecureDomain, Endpoint    string
	OrdersKey, CatalogKey             string
	Caller, Outsider, Retired, Friend builtinPrincipal

	Operator builtinPrincipal // reads the account, and may invoke nothing
}{
	Region:  "eu-west-1",
	Account: "111122223333",
	Partner: "444455556666",
	Orders:  "or4d3r5a1b",
	Catalog: "ca7a1og2c3",
	Ledger:  "l3d93rd4e5",
	Legacy:  "l3gacyf6a7",
	Vault:   "vau1tb8c9d",
	Reports: "r3p0rt5d1e",
	Shop:    "5h0pe2f3g4",
	Feed:    "f33dg4h5i6",
	Members: "m3mber5h6i",

	Domain:       "api.example.test",
	SecureDomain: "secure.example.test",
	Endpoint:     "vpce-0a1b2c3d4e5f60718",

	OrdersKey:  "sandbox-orders-key-7Qm2Xc9T",
	CatalogKey: "sandbox-item-key-4Rv8Lb1N",
	Caller: builtinPrincipal{
		ID: "ASIASANDBOXCALLER001", Secret: "sandbox-caller-secret-Wq3nV7pZs1Yk5Ux9Tb",
		Token: "sandbox-caller-session-Jd6Hf2Gm8Ka4Lr0Pe",
	},
	Outsider: builtinPrincipal{ID: "AKIASANDBOXOUTSIDER1", Secret: "sandbox-outsider-secret-Mz5cR8xQv2Nb7Lt4W"},
	Retired: builtinPrincipal{
		ID: "ASIASANDBOXRETIRED01", Secret: "sandbox-retired-secret-Ty9uE1oPa6Sd3Fg8Hj",
		Token: "sandbox-retired-session-Xk4Zv7Cb2Nq9Mw5Le",
	},
	Friend:   builtinPrincipal{ID: "AKIASANDBOXPARTNER01", Secret: "sandbox-partner-secret-Bn6Vc3Xz8Lk1Jh5Gf"},
	Operator: builtinPrincipal{ID: "AKIASANDBOXOPERATOR1", Secret: "sandbox-operator-secret-Gc8Hw2Rk5Vd9Nf3Tj"},
}

type builtinPrincipal struct{ ID, Secret, Token string }

// Builtin is the model of the environment that needs no configuration: healthy
// APIs between which every scenario applies, and one, legacy, with deliberate
// faults that the configuration declares as accepted.
func Builtin() Model {
	b := &builtin
	anything := Policy{{Effect: Allow}}
	user := func(account, name string) string { return "arn:aws:iam::" + account + ":user/" + name }
	session := func(name string) string {
		return "arn:aws:sts::" + b.Account + ":assumed-role/" + name + "/probe"
	}
	iam := func(path string) Route { return Route{Method: "GET", Path: path, Authorization: IAM} }
	open := func(path string) Route { return Route{Method: "GET", Path: path, Authorization: None} }
	keyed := func(r Route) Route { r.APIKeyRequired = true; return r }

	return logged(Model{
		Principals: []Principal{
			{AccessKeyID: b.Caller.ID, SecretKey: b.Caller.Secret, SessionToken: b.Caller.Token, ARN: session("caller"), Policy: anything},
			{AccessKeyID: b.Outsider.ID, SecretKey: b.Outsider.Secret, ARN: user(b.Account, "outsider")},
			{AccessKeyID: b.Retired.ID, SecretKey: b.Retired.Secret, SessionToken: b.Retired.Token, ARN: session("retired"), Policy: anything,
				Expires: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
			{AccessKeyID: b.Friend.ID, SecretKey: b.Friend.Secret, ARN: user(b.Partner, "auditor"), Policy: anything},
			{AccessKeyID: b.Operator.ID, SecretKey: b.Operator.Secret, ARN: user(b.Account, "operator"), Policy: Policy{{Effect: Allow, Action: []string{
				"apigateway:GET", "apigateway:POST", "apigateway:ListRoutingRules", "sts:AssumeRole", "ec2:DescribeVpcEndpoints", "ec2:DescribeRegions", "ssm:GetParameter", "secretsmanager:GetSecretValue",
				"wafv2:GetWebACLForResource", "wafv2:GetWebACL", "wafv2:GetSampledRequests", "iam:SimulatePrincipalPolicy", "lambda:InvokeFunction", "lambda:GetPolicy",
				"logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:DescribeResourcePolicies", "logs:FilterLogEvents", "logs:GetLogEvents",
			}}}},
		},
		APIs: []API{
			{
				ID: b.Orders, Name: "orders", Account: b.Account, Region: b.Region, DefaultEndpointDisabled: true,
				Stages: []Stage{{Name: "prod"}},
				Routes: []Route{iam("/orders/{id}"), keyed(iam("/orders"))},
			},
			{
				ID: b.Catalog, Name: "catalog", Account: b.Account, Region: b.Region,
				Stages: []Stage{{Name: "prod"}},
				Routes: []Route{
					open("/items"), keyed(open("/items/{id}")), {Method: "POST", Path: "/items", Authorization: None},
					{Method: "ANY", Path: "/{proxy+}", Authorization: IAM},
				},
			},
			{
				ID: b.Ledger, Name: "ledger", Account: b.Account, Region: b.Region, Endpoint: Edge,
				ResourcePolicy: Policy{{Effect: Allow, Principal: []string{b.Partner}, Resource: []string{"execute-api:/prod/GET/*"}}},
				Stages: []Stage{{Name: "prod", XRay: true, WebACL: []WAFRule{
					{Match: WAFHeaderContains, Header: "X-Probe-Waf", Value: "block-me"},
				}}},
				Routes: []Route{iam("/entries")},
			},
			{
				ID: b.Legacy, Name: "legacy", Account: b.Account, Region: b.Region,
				Stages: []Stage{{Name: "v1"}},
				// Both routes are less protected than the configuration says, and
				// so is the default endpoint.
				Routes: []Route{open("/export"), open("/report")},
			},
			builtinMembers(),
			builtinShop(),
			{
				ID: b.Feed, Name: "feed", Account: b.Account, Region: b.Region, Type: WebSocket,
				Stages: []Stage{{Name: "prod"}},
				Routes: []Route{keyed(Route{Path: "$connect", Authorization: IAM})},
			},
			{
				ID: b.Reports, Name: "reports", Account: b.Account, Region: b.Region, Endpoint: Private, VPCEndpoints: []string{b.Endpoint},
				ResourcePolicy: Policy{{Effect: Allow, Principal: []string{"*"}}},
				Stages:         []Stage{{Name: "prod"}},
				Routes:         []Route{open("/daily")},
			},
			{
				ID: b.Vault, Name: "vault", Account: b.Account, Region: b.Region, DefaultEndpointDisabled: true,
				Stages: []Stage{{Name: "prod"}},
				Routes: []Route{open("/documents")},
			},
		},
		Keys: []APIKey{{Name: "orders", Value: b.OrdersKey}, {Name: "catalog", Value: b.CatalogKey}},
		Plans: []UsagePlan{
			{Name: "orders", Stages: []APIStage{{b.Orders, "prod"}, {b.Feed, "prod"}}, Keys: []string{"orders"}},
			{Name: "catalog", Stages: []APIStage{{b.Catalog, "prod"}}, Keys: []string{"catalog"}},
		},
		Domains: []Domain{
			{Host: b.Domain, Mappings: []Mapping{
				{"orders", APIStage{b.Orders, "prod"}},
				{"catalog", APIStage{b.Catalog, "prod"}},
				{"legacy", APIStage{b.Legacy, "v1"}},
			}},
			{Host: b.SecureDomain, MutualTLS: &MutualTLS{}, Mappings: []Mapping{{"", APIStage{b.Vault, "prod"}}}},
		},
		Issuers: builtinIssuers(),
		ControlPlane: ControlPlane{
			Parameters: map[string]string{"/orders/api-key": b.OrdersKey},
			Secrets:    map[string]string{"catalog/api-key": b.CatalogKey},
		},
		VPCEndpoints: []VPCEndpoint{{ID: b.Endpoint, VPC: "vpc-0a1b2c3d4e5f60718", Region: b.Region}},
	})
}

// logged has all stages write logs, which are kept for a month: one of them in a
// format that tells no phase, for ever, and no execution log.
func logged(m Model) Model {
	m.ControlPlane.Retention = map[string]int{}
	m.ControlPlane.LogPolicies = map[string]string{"AWSLogDeliveryWrite20150319": logDelivery}
	for i := range m.APIs {
		a := &m.APIs[i]
		for j := range a.Stages {
			l := &AccessLog{Group: "/apigateway/" + a.Name, Format: PhaseLogFormat(a.family())}
			if a.ID == builtin.Legacy {
				l.Format = CommonLogFormat
			} else {
				m.ControlPlane.Retention[l.Group], m.ControlPlane.Retention[executionGroup(a, a.Stages[j].Name)] = 30, 30
			}
			a.Stages[j].AccessLog, a.Stages[j].ExecutionLog = l, a.family() != HTTP && a.ID != builtin.Legacy
		}
	}
	return m
}

// logDelivery is the policy that AWS writes when the access log of an HTTP API is
// switched on.
const logDelivery = `{"Version":"2012-10-17","Statement":[{"Sid":"AWSLogDeliveryWrite","Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},` +
	`"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`

// ConfigHeader is the first line of the configuration, by which it is known again.
const ConfigHeader = "# The sandbox's own environment: an API Gateway look-alike on loopback. All"

//go:embed builtin.yaml.tmpl
var builtinConfig string

var builtinTemplate = template.Must(template.New("builtin.yaml").Parse(builtinConfig))

// config is the probe's configuration for the environment. file makes the path of
// one of its files.
func (e *Environment) config(file func(name string) string) string {
	var b strings.Builder
	proxy := ""
	if e.proxy != nil {
		proxy = e.proxy.url
	}
	err := builtinTemplate.Execute(&b, map[string]any{
		"Builtin": builtin, "EndpointHost": e.model.VPCEndpoints[0].Host(),
		"Tokens": builtinTokens(), "Origin": builtinOrigin, "Addr": e.Addr, "Proxy": proxy, "File": file, "Header": ConfigHeader,
		// One fault opens every gate that looks at the same credential.
		"Export": []string{"missing-api-key", "invalid-api-key"},
		"Report": []string{
			"unsigned", "tampered-signature", "expired-signature", "future-signature", "unknown-access-key",
			"wrong-region-scope", "wrong-service-scope", "malformed-authorization",
		},
	})
	if err != nil {
		panic("sandbox: writing the built-in configuration: " + err.Error())
	}
	return b.String()
}
