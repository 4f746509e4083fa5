package sandbox

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// httpWorld is a world whose API is an HTTP API.
func httpWorld() Model {
	m := world()
	m.Keys, m.Plans = nil, nil
	m.Issuers = issuers()
	m.APIs[0] = API{
		ID: "a1b2c3d4e5", Name: "orders", Account: account, Region: "eu-west-1", Type: HTTP,
		Stages: []Stage{{Name: "$default"}, {Name: "dev"}},
		Authorizers: []Authorizer{
			{Name: "jwt", Type: JWTAuthorizer, Issuer: "pool", Audience: []string{"orders", "app"}},
			{Name: "query", Type: JWTAuthorizer, Issuer: "pool", Audience: []string{"orders"}, Sources: []IdentitySource{{Query: "token"}}},
			{Name: "policy", Type: RequestAuthorizer, Function: decisionTable, Sources: []IdentitySource{{Header: "X-Token"}}},
			{Name: "simple", Type: RequestAuthorizer, Function: simple(), TTL: time.Minute, Sources: []IdentitySource{{Header: "X-Token"}}},
			{Name: "by route", Type: RequestAuthorizer, Function: simple(), TTL: time.Minute, Sources: []IdentitySource{{Header: "X-Token"}, {RouteKey: true}}},
		},
		Routes: []Route{
			{Method: "GET", Path: "/open", Authorization: None},
			{Method: "GET", Path: "/iam", Authorization: IAM},
			{Method: "GET", Path: "/jwt", Authorization: JWT, Authorizer: "jwt"},
			{Method: "OPTIONS", Path: "/jwt", Authorization: JWT, Authorizer: "jwt"},
			{Method: "GET", Path: "/query", Authorization: JWT, Authorizer: "query"},
			{Method: "GET", Path: "/scoped", Authorization: JWT, Authorizer: "jwt", Scopes: []string{"read", "admin"}},
			{Method: "GET", Path: "/policy", Authorization: Custom, Authorizer: "policy"},
			{Method: "GET", Path: "/simple", Authorization: Custom, Authorizer: "simple"},
			{Method: "GET", Path: "/simple-too", Authorization: Custom, Authorizer: "simple"},
			{Method: "GET", Path: "/route", Authorization: Custom, Authorizer: "by route"},
			{Method: "GET", Path: "/route-too", Authorization: Custom, Authorizer: "by route"},
		},
	}
	m.Domains[0].Mappings[0].Stage = "dev"
	return m
}

func simple() AuthorizerFunction {
	f := decisionTable
	f.Simple = true
	return f
}

func throttledHTTP() Model {
	m := httpWorld()
	m.APIs[0].Stages[0].Throttle = &Throttle{}
	return m
}

// ordersToken is a token for the HTTP world, but for these claims.
func ordersToken(but map[string]any) string {
	claims := map[string]any{"aud": "orders"}
	for name, v := range but {
		claims[name] = v
	}
	return minted("pool", claims)
}

func httpRefusal(status int, layer, cause string) result {
	return result{Status: status, Key: "message", Message: http.StatusText(status), Layer: layer, Cause: cause}
}

var httpAccepted = result{Status: 200, Layer: "none", Cause: "accepted"}

func TestHTTPAPI(t *testing.T) {
	signing := func(r *http.Request) *http.Request { return signed(r, caller()) }
	m := httpWorld()
	tooLarge := request("POST", "/open")
	tooLarge.ContentLength = maxBody + 1
	for name, tc := range map[string]struct {
		send *http.Request
		want result
	}{
		"default stage":             {get("/open"), httpAccepted},
		"named stage":               {get("/dev/open"), httpAccepted},
		"custom domain":             {get(domain + "/orders/open"), httpAccepted},
		"no route":                  {get("/nothing"), httpRefusal(404, "route", "no-such-resource")},
		"stage that is not":         {get("/prod/open"), httpRefusal(404, "route", "no-such-resource")},
		"stage in the domain's URL": {get(domain + "/orders/dev/open"), httpRefusal(404, "route", "stage-in-custom-domain-url")},
		"wrong method":              {request("PUT", "/open"), httpRefusal(404, "route", "wrong-method")},
		"slash at the end":          {get("/open/"), httpRefusal(404, "route", "no-such-resource")},
		"no override":               {request("GET", "/open", "X-HTTP-Method-Override: PUT"), httpAccepted},
		"preflight, no route":       {request("OPTIONS", "/open", "Access-Control-Request-Method: GET"), httpRefusal(404, "route", "cors-preflight-unrouted")},
		"no mapping": {get(domain + "/other"),
			result{Status: 403, ErrorType: forbiddenET, Key: "message", Message: "Forbidden", Layer: "domain", Cause: "no-base-path-mapping"}},

		"too large": {tooLarge, httpRefusal(413, "request-validation", "request-too-large")},

		"signed":          {signing(get("/iam")), httpAccepted},
		"unsigned":        {get("/iam"), httpRefusal(403, "iam-authentication", "unsigned-to-iam")},
		"bearer to IAM":   {get("/iam", "Authorization: Bearer x"), httpRefusal(403, "iam-authentication", "incomplete-authorization-header")},
		"no rights":       {signed(get("/iam"), &m.Principals[3]), httpRefusal(403, "iam-authorization", "iam-implicit-deny")},
		"expired session": {signed(get("/iam"), &m.Principals[2]), httpRefusal(403, "iam-authentication", "expired-session-token")},

		"policy":            {get("/policy", "X-Token: allow"), httpAccepted},
		"policy, missing":   {get("/policy"), httpRefusal(401, "lambda-authorizer", "lambda-authorizer-missing-identity-source")},
		"policy, deny":      {get("/policy", "X-Token: deny"), httpRefusal(403, "lambda-authorizer", "lambda-authorizer-deny")},
		"policy, silent":    {get("/policy", "X-Token: silent"), httpRefusal(403, "lambda-authorizer", "lambda-authorizer-deny")},
		"policy, thrown":    {get("/policy", "X-Token: other"), httpRefusal(401, "lambda-authorizer", "lambda-authorizer-unauthorized")},
		"policy, crash":     {get("/policy", "X-Token: crash"), httpRefusal(500, "lambda-authorizer", "lambda-authorizer-failure")},
		"policy, malformed": {get("/policy", "X-Token: malformed"), httpRefusal(500, "lambda-authorizer", "lambda-authorizer-misconfigured")},
		"simple":            {get("/simple", "X-Token: allow"), httpAccepted},
		"simple, silent":    {get("/simple", "X-Token: silent"), httpRefusal(403, "lambda-authorizer", "lambda-authorizer-deny")},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, gateway(t, httpWorld()), tc.send)
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Status != 403 || got.ErrorType == "" { // not answered by the domain layer
				if got.header.Get("apigw-requestid") == "" || got.header.Get(requestIDHeader) != "" || got.header.Get("x-amz-apigw-id") != "" {
					t.Errorf("got headers %v", got.header)
				}
			}
		})
	}
}

func TestJWT(t *testing.T) {
	refused := func(status int, cause, challenge string) result {
		r := httpRefusal(status, "jwt-authorizer", cause)
		r.Challenge = challenge
		return r
	}
	invalid := func(cause, description string) result {
		return refused(401, cause, `Bearer scope="" error="invalid_token" error_description="`+description+`"`)
	}
	expired := map[string]any{"exp": noon.Add(-time.Second).Unix()}
	good := ordersToken(nil)
	for name, tc := range map[string]struct {
		path, token string
		want        result
	}{
		"valid":                   {"/jwt", "Bearer " + good, httpAccepted},
		"alone":                   {"/jwt", good, httpAccepted},
		"client instead":          {"/jwt", ordersToken(map[string]any{"aud": nil, "client_id": "app"}), httpAccepted},
		"several audiences":       {"/jwt", ordersToken(map[string]any{"aud": []string{"x", "orders"}}), httpAccepted},
		"in the query":            {"/query?token=" + good, "", httpAccepted},
		"missing":                 {"/jwt", "", refused(401, "jwt-missing", "Bearer")},
		"not in the query":        {"/query", good, refused(401, "jwt-missing", "Bearer")},
		"opaque":                  {"/jwt", "Bearer x", invalid("jwt-invalid", "token contains an invalid number of segments")},
		"malformed":               {"/jwt", "a.b.c", invalid("jwt-invalid", "the token is malformed")},
		"unsecured":               {"/jwt", unsecured(good), invalid("jwt-invalid", "signing method none is invalid")},
		"altered":                 {"/jwt", altered(good), invalid("jwt-invalid", "signature is invalid")},
		"expired":                 {"/jwt", ordersToken(expired), invalid("jwt-expired", "the token has expired")},
		"expired, with scope":     {"/scoped", ordersToken(expired), refused(401, "jwt-expired", `Bearer scope="read admin" error="invalid_token" error_description="the token has expired"`)},
		"never expires":           {"/jwt", ordersToken(map[string]any{"exp": nil}), invalid("jwt-expired", "the token has expired")},
		"not yet":                 {"/jwt", ordersToken(map[string]any{"nbf": noon.Add(time.Minute).Unix()}), invalid("jwt-invalid", "the token is not valid yet")},
		"issued later":            {"/jwt", ordersToken(map[string]any{"iat": noon.Add(time.Minute).Unix()}), invalid("jwt-invalid", "the token is not valid yet")},
		"audience":                {"/jwt", ordersToken(map[string]any{"aud": "x"}), invalid("jwt-wrong-audience", "the token does not have a valid audience")},
		"audience before client":  {"/jwt", ordersToken(map[string]any{"aud": "x", "client_id": "app"}), invalid("jwt-wrong-audience", "the token does not have a valid audience")},
		"issuer":                  {"/jwt", ordersToken(map[string]any{"iss": "https://x"}), invalid("jwt-wrong-issuer", "the token does not have a valid issuer")},
		"of another issuer":       {"/jwt", minted("other", map[string]any{"aud": "orders"}), invalid("jwt-wrong-issuer", "the token has an unknown key id")},
		"audience before expired": {"/jwt", ordersToken(map[string]any{"aud": "x", "exp": 1}), invalid("jwt-wrong-audience", "the token does not have a valid audience")},
		"scope":                   {"/scoped", ordersToken(map[string]any{"scope": "write read"}), httpAccepted},
		"scp":                     {"/scoped", ordersToken(map[string]any{"scp": []string{"admin"}}), httpAccepted},
		"no scope":                {"/scoped", good, refused(403, "jwt-insufficient-scope", "")},
		"another scope":           {"/scoped", ordersToken(map[string]any{"scope": "reader"}), refused(403, "jwt-insufficient-scope", "")},
	} {
		t.Run(name, func(t *testing.T) {
			r := get(tc.path)
			if tc.token != "" {
				r.Header.Set("Authorization", tc.token)
			}
			if diff := cmp.Diff(tc.want, ask(t, gateway(t, httpWorld()), r), cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A domain may hold APIs of both kinds, and a header that a front has taken away
// is told from one that was never sent.
func TestHTTPBehindDomain(t *testing.T) {
	m := httpWorld()
	rest := world().APIs[0]
	rest.ID = "r000000000"
	m.APIs = append(m.APIs, rest)
	m.Domains[0].Mappings = append(m.Domains[0].Mappings,
		Mapping{"rest", APIStage{rest.ID, "prod"}}, Mapping{"gone", APIStage{m.APIs[0].ID, "gone"}})
	friend := Principal{AccessKeyID: "AKIAFRIEND", SecretKey: "secret", ARN: "arn:aws:iam::444455556666:user/friend", Policy: anything}
	m.Principals = append(m.Principals, friend)
	g := gateway(t, m)
	m.Fronts = map[string]Front{"api.example.test": StripHeaders("Authorization")}
	fronted := gateway(t, m)
	jwt := get(domain+"/orders/jwt", "Authorization: "+ordersToken(nil))
	for _, tc := range []struct {
		g    *Gateway
		send *http.Request
		want string
	}{
		{g, get(domain + "/orders/nothing"), "404 route/no-such-resource"},
		{g, get(domain + "/rest/nothing"), "403 route/no-such-resource"},
		{g, get(domain + "/gone/open"), "404 stage/unknown-stage"},
		{g, jwt, "200 none/accepted"},
		{fronted, jwt, "401 jwt-authorizer/credential-stripped"},
		{g, signed(get("/iam"), &friend), "403 iam-authorization/iam-implicit-deny"}, // no resource policy could let it in
	} {
		got := ask(t, tc.g, tc.send)
		if got := fmt.Sprintf("%d %s/%s", got.Status, got.Layer, got.Cause); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.send.URL, got, tc.want)
		}
	}
}

// Behind an HTTP API another gateway shows as it is: nothing is renamed.
func TestHTTPProxyIsNotRemapped(t *testing.T) {
	m := httpWorld()
	rest := world().APIs[0]
	rest.ID = "r000000000"
	m.APIs = append(m.APIs, rest)
	m.APIs[0].Routes[0].Backend = Backend{Kind: HTTPProxy, URL: "https://" + rest.Host() + "/prod/iam"}
	got := ask(t, gateway(t, m), get("/open"))
	if got.Layer+"/"+got.Cause != "backend/backend-own-403" || got.ErrorType != missingTokenET || got.header.Get(requestIDHeader) == "" {
		t.Errorf("got %+v, headers %v", got, got.header)
	}
	for name := range got.header {
		if strings.HasPrefix(name, "X-Amzn-Remapped-") {
			t.Errorf("got header %s", name)
		}
	}
}

// A full match goes before a greedy one and that before the default route; ANY is
// below a verb.
func TestHTTPRoutes(t *testing.T) {
	m := httpWorld()
	a := &m.APIs[0]
	a.Routes = nil
	for _, key := range []string{"GET /pets/{id}", "GET /pets/dog", "ANY /pets/dog", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"} {
		method, path, ok := strings.Cut(key, " ")
		if !ok {
			method, path = "", key
		}
		a.Routes = append(a.Routes, Route{Method: method, Path: path, Authorization: None, Backend: Backend{Body: key}})
	}
	g := gateway(t, m)
	for target, want := range map[string]string{
		"GET /pets/dog":   "GET /pets/dog",
		"PUT /pets/dog":   "ANY /pets/dog",
		"GET /pets/cat":   "GET /pets/{id}",
		"GET /pets/cat/1": "GET /pets/{proxy+}",
		"PUT /pets/cat":   "ANY /{proxy+}",
		"GET /pets/cat/":  "GET /pets/{proxy+}",
		"GET /":           "$default",
		"GET /dev/":       "$default",
	} {
		method, path, _ := strings.Cut(target, " ")
		if got := ask(t, g, request(method, path)).body; got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
	a.Stages = a.Stages[1:] // no default stage
	if got := truth(t, gateway(t, m), get("/pets/dog")); got != "stage/unknown-stage" {
		t.Errorf("without a default stage: got %s", got)
	}
}

// A simple answer is kept for all routes, unless the route is part of the
// identity.
func TestSimpleAnswerIsKept(t *testing.T) {
	const denied = "lambda-authorizer/lambda-authorizer-deny"
	items := map[string]Decision{"t": {Policy: Policy{{Effect: Allow, Resource: []string{"execute-api:/$default/GET/simple", "*/GET/route"}}}}}
	m := httpWorld()
	for i := range m.APIs[0].Authorizers {
		m.APIs[0].Authorizers[i].Function.Tokens = items
	}
	items["t,GET /route"], items["t,GET /route-too"] = items["t"], items["t"]
	g := gateway(t, m)
	for _, step := range [][2]string{
		{"/simple", accepted}, {"/simple-too", accepted}, {"/route", accepted}, {"/route-too", denied}, {"/route", accepted},
	} {
		if got := truth(t, g, get(step[0], "X-Token: t")); got != step[1] {
			t.Errorf("%s: got %s, want %s", step[0], got, step[1])
		}
	}
}

func TestCORS(t *testing.T) {
	m := httpWorld()
	m.APIs[0].CORS = &CORS{Origins: []string{"https://app.test"}, Methods: []string{"GET", "PUT"}, Headers: []string{"authorization"}, Credentials: true, MaxAge: 60}
	g := gateway(t, m)
	headers := func(r result) map[string]string {
		out := map[string]string{}
		for name := range r.header {
			if strings.HasPrefix(name, "Access-") || name == "Vary" || name == "Www-Authenticate" {
				out[name] = r.header.Get(name)
			}
		}
		return out
	}
	for _, tc := range []struct {
		send   *http.Request
		status int
		want   map[string]string
	}{
		{request("OPTIONS", "/jwt", "Origin: https://app.test", "Access-Control-Request-Method: GET"), 204, map[string]string{
			"Access-Control-Allow-Origin": "https://app.test", "Access-Control-Allow-Methods": "GET,PUT", "Access-Control-Allow-Headers": "authorization",
			"Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "60", "Vary": "origin",
		}},
		{request("OPTIONS", "/nothing", "Origin: https://other.test", "Access-Control-Request-Method: GET"), 204, map[string]string{}},
		{get("/jwt", "Origin: https://app.test"), 401, map[string]string{
			"Access-Control-Allow-Origin": "https://app.test", "Access-Control-Allow-Credentials": "true", "Vary": "origin", "Www-Authenticate": "Bearer",
		}},
		{get("/jwt"), 401, map[string]string{"Www-Authenticate": "Bearer"}},
	} {
		got := ask(t, g, tc.send)
		if diff := cmp.Diff(tc.want, headers(got)); got.Status != tc.status || diff != "" {
			t.Errorf("%s %s: got status %d (-want +got):\n%s", tc.send.Method, tc.send.URL, got.Status, diff)
		}
	}
	m.APIs[0].CORS = &CORS{Origins: []string{"*"}}
	star := headers(ask(t, gateway(t, m), get("/open", "Origin: https://any.test")))
	if diff := cmp.Diff(map[string]string{"Access-Control-Allow-Origin": "*"}, star); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := truth(t, gateway(t, httpWorld()), request("OPTIONS", "/jwt", "Access-Control-Request-Method: GET")); got != "jwt-authorizer/cors-preflight-authorizer" {
		t.Errorf("a preflight to an authorizer: got %s", got)
	}
}

// One burst for all that comes to a stage, of every type of API.
func TestStageThrottle(t *testing.T) {
	for path, m := range map[string]Model{"/open": httpWorld(), "/prod/open": world()} {
		m.APIs[0].Stages[0].Throttle = &Throttle{Rate: 1, Burst: 1}
		g := gateway(t, m)
		got := []string{truth(t, g, get(path)), truth(t, g, get(path))}
		if diff := cmp.Diff([]string{accepted, "usage-plan/throttled"}, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", path, diff)
		}
	}
}

// On the wire a refusal of an HTTP API has few headers, the gateway's own in lower
// case, and an answer of the function spells the id otherwise.
func TestHTTPWire(t *testing.T) {
	g, s, config := listen(t, httpWorld())
	config.ServerName = host
	for path, want := range map[string][]string{
		"/jwt":  {"Connection", "Content-Length", "Content-Type", "Date", "apigw-requestid", "www-authenticate"},
		"/open": {"Apigw-Requestid", "Connection", "Content-Length", "Content-Type", "Date"},
	} {
		conn, err := tls.Dial("tcp", s.Addr, config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		var names []string
		lines := bufio.NewScanner(conn)
		for lines.Scan() && lines.Text() != "" {
			if name, value, ok := strings.Cut(lines.Text(), ": "); ok {
				names = append(names, name)
				if tr, known := g.Truth(value); strings.EqualFold(name, "apigw-requestid") && (!known || tr.Path != path) {
					t.Errorf("%s: no truth by the id %s", path, value)
				}
			}
		}
		slices.Sort(names)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", path, diff)
		}
	}
}
