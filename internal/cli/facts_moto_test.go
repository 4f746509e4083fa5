package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var clockTime = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T[\d:]+Z`)

// Moto has no summaries of deployments, and does not say when a stage of a REST API was changed: what it shows of the way
// of a request is told, and proves nothing.
func TestFactsAgainstMoto(t *testing.T) {
	Long(t)
	moto(t)
	seed(t)
	file, _, _ := discovered(t)
	plan := planOf(t, file)
	account, err := evidence.Open(t.Context(), evidence.DefaultBudget)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		api  string
		path string
		want []string
	}{
		{"orders", "/prod/orders", []string{
			"inferred [domain] account: the default endpoint of ID is enabled in the API (apigateway GetRestApi)",
			`inferred [stage] account: stage "prod" of ID is there and deployed (apigateway GetStage)`,
			`inferred [waf] account: no web ACL is attached to stage "prod" of ID (apigateway GetStage)`,
			"inferred [resource-policy] account: ID has no resource policy in the API (apigateway GetRestApi)",
		}},
		{"shop", "/goods", []string{
			`documented [] account: stage "$default" was changed at TIME, not a minute before the first request or later`,
			"inferred [domain] account: the default endpoint of ID is enabled in the API (apigatewayv2 GetApi)",
			`inferred [stage] account: stage "$default" of ID is there and deployed (apigatewayv2 GetStage)`,
			`inferred [route] account: GET /goods of stage "$default" takes it (apigatewayv2 GetRoutes), in the API, which deploys itself`,
			`inferred [iam-authorization jwt-authorizer] account: GET /goods of stage "$default" has authorization NONE (apigatewayv2 GetRoutes), in the API, which deploys itself`,
		}},
	} {
		i := slices.IndexFunc(plan.APIs, func(a probe.API) bool { return a.Name == c.api })
		api := plan.APIs[i]
		res := probe.Result{
			ID: "one", At: time.Now(), Observed: &probe.Observation{}, Attribution: &probe.Attribution{},
			Request: &probe.RequestInfo{Method: "GET", Traits: &probe.Traits{Host: api.ID + ".execute-api." + api.Region + ".amazonaws.com"}},
		}
		res.Request.Facets[probe.FacetPath] = c.path
		for _, l := range []probe.Layer{probe.Domain, probe.Stage, probe.WAF, probe.RouteLayer, probe.ResourcePolicy, probe.JWTAuthorizer, probe.IAMAuthorization} {
			res.Attribution.Candidates = append(res.Attribution.Candidates, probe.Candidate{Layer: l})
		}
		told := account.Testify(t.Context(), api, []probe.Result{res})
		var got []string
		for _, e := range told.Evidence["one"] {
			text := clockTime.ReplaceAllString(strings.ReplaceAll(e.Text, api.ID, "ID"), "TIME")
			got = append(got, fmt.Sprintf("%s %v %s", e.Grade, e.Passed, text))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%q", c.api, diff, told.Notes)
		}
	}
}
