package evidence_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// lines are events of a log.
func lines(all ...string) string {
	var events []string
	for _, l := range all {
		events = append(events, fmt.Sprintf(`{"message":%q,"timestamp":1782907200000}`, l))
	}
	return `{"events":[` + strings.Join(events, ",") + `]}`
}

// invocable is the policy of a function that lets API Gateway in for some sources.
func invocable(condition string) string {
	policy := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + authFn + `"` + condition + `}]}`
	text, _ := json.Marshal(policy)
	return `{"Policy":` + string(text) + `}`
}

func source(arn string) string {
	return `,"Condition":{"ArnLike":{"AWS:SourceArn":"` + arn + `"},"StringEquals":{"aws:SourceAccount":"111122223333"}}`
}

// checked are the texts of checks by their names, with the cause of what is wrong.
func checked(checks []evidence.Check) map[string]string {
	out := make(map[string]string)
	for _, c := range checks {
		text := string(c.Outcome) + ": " + c.Text
		if c.Cause != "" {
			text += fmt.Sprintf(" [%s %s]", c.Layer, c.Cause)
		}
		out[c.Name] = text
	}
	return out
}

func TestFunctions(t *testing.T) {
	const (
		sources    = "identity sources of authorizer auth"
		permission = "permission to invoke the authorizer auth"
		log        = "log of auth"
		live       = "permission to invoke the integration orders:live"
		backend    = "GET /2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:orders:live/policy"
		window     = "from 2026-07-01T12:00:00Z to 2026-07-01T12:01:00Z all its callers called it: "
		misshapen  = " [lambda-authorizer lambda-authorizer-misconfigured]"
		missing    = " [lambda-authorizer lambda-authorizer-missing-identity-source]"
		asOwn      = "API Gateway may invoke it as " + ownARN + "authorizers/z1"
		notAs      = "its policy does not let API Gateway invoke it as " + ownARN + "authorizers/z1"
	)
	with := func(text, more string) string { return strings.TrimSuffix(text, "}") + "," + more + "}" }
	for _, c := range []struct {
		name       string
		kind       probe.APIType
		authorizer string
		answers    map[string]string
		want       map[string]string // of the checks that the case is about
	}{
		{
			"all in order", probe.REST, tokenAuthorizer,
			map[string]string{fnPolicy: invocable(source(ownARN + "authorizers/*")), "FilterLogEvents": lines("START RequestId: 1 Version: 1", "REPORT RequestId: 1\tDuration: 1 ms"), backend: "404 ResourceNotFoundException"},
			map[string]string{
				sources: "fine: the request bears method.request.header.Authorization", permission: "fine: " + asOwn, log: "fine: " + window + "1; it failed: 0",
				live: "wrong: the function has no policy, or there is no such function: API Gateway may not invoke it [integration lambda-permission-missing]",
			},
		},
		{"permission without a condition", probe.HTTP, http1, map[string]string{fnPolicy: invocable("")}, map[string]string{permission: "fine: " + asOwn}},
		{
			"permission for a method", probe.HTTP, http1, map[string]string{fnPolicy: invocable(source(ownARN + "*/GET/*"))},
			map[string]string{
				permission: "wrong: " + notAs + "; it lets in " + ownARN + "*/GET/*" + misshapen,
				"permission to invoke the integration auth": "fine: API Gateway may invoke it as " + ownARN + "prod/GET/orders/*",
			},
		},
		{
			"permission for this request only", probe.HTTP, http1, map[string]string{fnPolicy: invocable(source(ownARN + "prod/GET/orders/4%202"))},
			map[string]string{"permission to invoke the integration auth": "unseen: its policy lets API Gateway invoke it for this request, and not as " + ownARN + "prod/GET/orders/*, which it may call itself"},
		},
		{
			"permission for another API", probe.REST, tokenAuthorizer, map[string]string{fnPolicy: invocable(source("arn:aws:execute-api:eu-west-1:111122223333:other/*"))},
			map[string]string{permission: "wrong: " + notAs + "; it lets in arn:aws:execute-api:eu-west-1:111122223333:other/*" + misshapen},
		},
		{
			"permission with another condition", probe.REST, tokenAuthorizer, map[string]string{fnPolicy: invocable(`,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`)},
			map[string]string{permission: "unseen: its policy depends on what was not evaluated: StringEquals of aws:PrincipalOrgID"},
		},
		{
			"permission for nobody", probe.REST, tokenAuthorizer, map[string]string{fnPolicy: strings.ReplaceAll(invocable(""), "Allow", "Deny")},
			map[string]string{permission: "wrong: its policy denies API Gateway to invoke it as " + ownARN + "authorizers/z1" + misshapen},
		},
		{
			"permission that is not seen", probe.REST, tokenAuthorizer, map[string]string{fnPolicy: "403 AccessDeniedException"},
			map[string]string{permission: "unseen: not seen: who may invoke auth: lambda:GetPolicy on " + authFn + " is not allowed"},
		},
		{
			"a role", probe.REST, with(tokenAuthorizer, `"authorizerCredentials":"arn:aws:iam::111122223333:role/caller"`), nil,
			map[string]string{permission: "unseen: API Gateway invokes it as arn:aws:iam::111122223333:role/caller, whose policies were not read"},
		},
		{
			"a token of another form", probe.REST, with(tokenAuthorizer, `"identityValidationExpression":"Bearer \\d+"`), nil,
			map[string]string{sources: `wrong: as the API is being edited, what the request bears in method.request.header.Authorization does not match "Bearer \\d+": it is refused and the authorizer not asked` + missing},
		},
		{
			"a token of this form", probe.REST, with(tokenAuthorizer, `"identityValidationExpression":"Bearer [-\\w]+"`), nil,
			map[string]string{sources: `fine: the request bears method.request.header.Authorization, and it matches "Bearer [-\\w]+"`},
		},
		{
			"a form that cannot be read here", probe.REST, with(tokenAuthorizer, `"identityValidationExpression":"(?<!x)Bearer"`), nil,
			map[string]string{sources: `unseen: the request bears method.request.header.Authorization; whether it matches "(?<!x)Bearer" cannot be told here`},
		},
		{
			"a query that is missing", probe.REST, strings.Replace(requestAuthorizer, "string.page", "string.size", 1), nil,
			map[string]string{sources: "wrong: as the API is being edited, the request lacks method.request.querystring.size: it is refused and the authorizer not asked" + missing},
		},
		{
			"a query that is missing in what is deployed", probe.HTTP, strings.Replace(http1, "header.Authorization", "querystring.size", 1), map[string]string{"GET /v2/apis/a1b2c3d4e5/stages/prod": `{"autoDeploy":true}`},
			map[string]string{sources: "wrong: the request lacks $request.querystring.size: it is refused and the authorizer not asked" + missing},
		},
		{
			"a query that may be missing", probe.REST, with(strings.Replace(requestAuthorizer, "string.page", "string.size", 1), `"authorizerResultTtlInSeconds":0`), nil,
			map[string]string{sources: "fine: the request lacks method.request.querystring.size, which it may, as decisions are not cached"},
		},
		{"only the context", probe.HTTP, strings.Replace(http1, `"$request.header.Authorization",`, "", 1), nil, map[string]string{sources: "fine: it looks at nothing of the request that must be there"}},
		{
			"failures", probe.REST, tokenAuthorizer,
			map[string]string{"FilterLogEvents": lines(
				"START RequestId: 1 Version: 1", "2026-07-01T12:00:01.000Z\t1\tERROR\tInvoke Error\t{\"errorType\":\"Error\",\"errorMessage\":\"Unauthorized\"}", "REPORT RequestId: 1",
				`{"time":"t","type":"platform.start","record":{}}`, "2026-07-01T12:00:02.000Z 2 Task timed out after 3.00 seconds", "REPORT RequestId: 2\tDuration: 3000 ms Status: timeout",
				"START RequestId: 3 Version: 1", "[ERROR] KeyError: '"+memberToken+"'\nTraceback (most recent call last):", "an ordinary line with error in it",
			)},
			map[string]string{log: "wrong: " + window + `3; it threw Unauthorized: 1; it failed: 2, by timeout: 1: "2026-07-01T12:00:02.000Z 2 Task timed out after 3.00 seconds", "[ERROR] KeyError: '[redacted]'" [lambda-authorizer lambda-authorizer-failure]`},
		},
		{"refusals only", probe.REST, tokenAuthorizer, map[string]string{"FilterLogEvents": lines("START RequestId: 1", "[ERROR] Exception: Unauthorized")}, map[string]string{log: "fine: " + window + "1; it threw Unauthorized: 1; it failed: 0"}},
		{"an empty log", probe.REST, tokenAuthorizer, map[string]string{"FilterLogEvents": lines()}, map[string]string{log: "unseen: " + window + "0; what it wrote may come later"}},
		{
			"a log without end", probe.REST, tokenAuthorizer, map[string]string{"FilterLogEvents": strings.Replace(lines("START RequestId: 1"), "}]}", `}],"nextToken":"n"}`, 1)},
			map[string]string{log: "fine: " + window + "5 in the lines that were read, which are the first; it failed: 0"},
		},
		{"no log", probe.REST, tokenAuthorizer, map[string]string{"FilterLogEvents": "400 ResourceNotFoundException"}, map[string]string{log: "unseen: there is no /aws/lambda/auth: the function never ran, may not write, or writes elsewhere"}},
		{
			"a log that is not seen", probe.REST, tokenAuthorizer, map[string]string{"FilterLogEvents": "400 AccessDeniedException"},
			map[string]string{log: "unseen: not seen: the log of auth: logs:FilterLogEvents on arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/auth:* is not allowed"},
		},
		{
			"an integration that is not seen", probe.HTTP, http1, map[string]string{"GET /v2/apis/a1b2c3d4e5/integrations": "403 AccessDeniedException"},
			map[string]string{"integration": "unseen: not seen: the function behind the route: apigateway:GET on arn:aws:apigateway:eu-west-1::/apis/a1b2c3d4e5/integrations is not allowed"},
		},
		{
			"an authorizer that is not seen", probe.WebSocket, "403 AccessDeniedException", nil,
			map[string]string{"authorizer": "unseen: not seen: the function of the authorizer: apigateway:GET on arn:aws:apigateway:eu-west-1::/apis/a1b2c3d4e5/authorizers/z1 is not allowed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &services{answers: account(c.kind, c.authorizer, c.answers)}
			at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
			all := checked(s.open(t).Functions(t.Context(), subject(c.kind), at, at.Add(time.Minute)))
			got := make(map[string]string)
			for name := range c.want {
				got[name] = all[name]
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// jwt is a token with these claims. Nobody looks at its signature here.
func jwt(claims string) string {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return encode(`{"alg":"RS256"}`) + "." + encode(claims) + ".sig"
}

// What a JWT authorizer, in the order of its document, and a Cognito one have against a token.
func TestFunctionsOfTokens(t *testing.T) {
	const (
		authorizer = `{"name":"auth","authorizerType":"JWT","identitySource":["$request.header.Authorization"],"jwtConfiguration":{"issuer":"https://login","audience":["shop","web"]}}`
		pool       = `{"id":"z1","name":"auth","type":"COGNITO_USER_POOLS","identitySource":"method.request.header.Authorization","providerARNs":["arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a"]}`
		good       = "; its signature was not looked at"
	)
	for _, c := range []struct {
		name, authorizer, token string
		scopes                  string
		want                    string
	}{
		{"good", authorizer, jwt(`{"iss":"https://login","aud":["other","web"],"exp":1782910800,"nbf":1782907200}`), "", "fine: the token is of the issuer, for the audience and for the time that the authorizer wants" + good},
		{"for a client", authorizer, jwt(`{"iss":"https://login","client_id":"shop"}`), "", "fine: the token is of the issuer, for the audience and for the time that the authorizer wants" + good},
		{"another issuer", authorizer, jwt(`{"iss":"https://elsewhere","aud":"x"}`), "", "wrong: as the API is being edited, the token is of the issuer https://elsewhere, want https://login [jwt-authorizer jwt-invalid]"},
		{"another audience", authorizer, jwt(`{"iss":"https://login","aud":"depot","client_id":"shop"}`), "", "wrong: as the API is being edited, the token is for depot, want one of shop, web [jwt-authorizer jwt-wrong-audience]"},
		{"expired", authorizer, jwt(`{"iss":"https://login","aud":"shop","exp":1782907200}`), "", "wrong: as the API is being edited, the token expired at 2026-07-01T12:00:00Z [jwt-authorizer jwt-expired]"},
		{"too early", authorizer, jwt(`{"iss":"https://login","aud":"shop","nbf":1782907201}`), "", "wrong: as the API is being edited, the token is not valid yet [jwt-authorizer jwt-invalid]"},
		{"without the scope", authorizer, jwt(`{"iss":"https://login","aud":"shop","scope":"read"}`), `"write","admin"`, "wrong: as the API is being edited, the token has none of the scopes write, admin [jwt-authorizer jwt-insufficient-scope]"},
		{"with the scope", authorizer, jwt(`{"iss":"https://login","aud":"shop","scope":"read write"}`), `"write"`, "fine: the token is of the issuer, for the audience and for the time that the authorizer wants" + good},
		{"with the scope in scp", authorizer, jwt(`{"iss":"https://login","aud":"shop","scp":["write"]}`), `"write"`, "fine: the token is of the issuer, for the audience and for the time that the authorizer wants" + good},
		{"of one part", authorizer, "opaque-token-of-somebody", "", "wrong: as the API is being edited, the token is no JSON Web Token: got 1 parts, want 3 [jwt-authorizer jwt-invalid]"},
		{"not in base64", authorizer, "a.?.c", "", "wrong: as the API is being edited, the token is no JSON Web Token: its claims are not in base64 [jwt-authorizer jwt-invalid]"},
		{"without claims", authorizer, jwt("[]"), "", "wrong: as the API is being edited, the token is no JSON Web Token: its claims are no JSON of the form that they have [jwt-authorizer jwt-invalid]"},
		{"of the pool", pool, jwt(`{"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a","exp":1782910800}`), "", "fine: the token is of the authorizer's user pool, and has not expired" + good},
		{"of another pool", pool, jwt(`{"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_b"}`), "", "wrong: as the API is being edited, the token is of the user pool eu-west-1_b, want eu-west-1_a [cognito-authorizer cognito-token-invalid]"},
		{"of the pool, and old", pool, jwt(`{"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a","exp":1582910800}`), "", "wrong: as the API is being edited, the token expired at 2020-02-28T17:26:40Z [cognito-authorizer cognito-token-expired]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind := probe.HTTP
			answers := map[string]string{"GET /v2/apis/a1b2c3d4e5/routes": `{"items":[{"routeKey":"GET /orders/{id}","authorizerId":"z1","authorizationScopes":[` + c.scopes + `]}]}`}
			if c.authorizer == pool {
				kind, answers = probe.REST, nil
			}
			s := subject(kind)
			s.Control.Token.Value = probe.NewSecret(c.token)
			got := checked((&services{answers: account(kind, c.authorizer, answers)}).open(t).Functions(t.Context(), s, s.Crafting.Now, s.Crafting.Now))
			if d := cmp.Diff(c.want, got["claims of the token"]); d != "" {
				t.Error(d)
			}
		})
	}
}
