package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is edited and not deployed is not live, and what was deployed still is.
func TestDeployment(t *testing.T) {
	m := world()
	a := &m.APIs[0]
	a.Stages = append(a.Stages, Stage{Name: "old", Deployment: &Deployment{
		Routes: []Route{
			{Method: "GET", Path: "/gone", Authorization: None},  // deleted since
			{Method: "GET", Path: "/iam", Authorization: None},   // protected since
			{Method: "POST", Path: "/open", Authorization: None}, // GET was added since
		},
		GatewayResponses: map[string]GatewayResponse{"MISSING_AUTHENTICATION_TOKEN": {Status: 404}},
	}})
	g := gateway(t, m)
	for _, tc := range []struct{ method, path, live, old string }{
		{"GET", "/gone", "route/no-such-resource", accepted},
		{"GET", "/iam", "iam-authentication/unsigned-to-iam", accepted},
		{"GET", "/open", accepted, "route/wrong-method"},
		{"GET", "/keyed", "api-key/missing-api-key", "route/no-such-resource"},
	} {
		got := []string{truth(t, g, request(tc.method, "/prod"+tc.path)), truth(t, g, request(tc.method, "/old"+tc.path))}
		if diff := cmp.Diff([]string{tc.live, tc.old}, got); diff != "" {
			t.Errorf("%s %s: (-want +got):\n%s", tc.method, tc.path, diff)
		}
	}
	if res := ask(t, g, get("/old/keyed")); res.Status != 404 {
		t.Errorf("gateway response of the deployment: got %d", res.Status)
	}
}

// A resource policy that was corrected but not deployed still refuses, for want of
// the deployment; one that refuses in both versions does so by itself.
func TestPolicyNotDeployed(t *testing.T) {
	for _, tc := range []struct {
		edited, live verdict
		want         string
	}{
		{Allow, Deny, "resource-policy/not-deployed"},
		{Allow, neither, "resource-policy/not-deployed"},
		{Deny, Allow, accepted},
		{Deny, Deny, resourceExplicit},
		{neither, neither, resourceImplicit},
	} {
		m := world()
		a := &m.APIs[0]
		a.ResourcePolicy = policySaying(tc.edited)
		a.Stages[0].Deployment = &Deployment{Routes: a.Routes, ResourcePolicy: policySaying(tc.live)}
		if got := truth(t, gateway(t, m), get("/prod/open")); got != tc.want {
			t.Errorf("edited to %q, deployed %q: got %s, want %s", tc.edited, tc.live, got, tc.want)
		}
	}
}

// HTTP and WebSocket APIs serve deployments, too.
func TestDeploymentOfOtherTypes(t *testing.T) {
	m := httpWorld()
	m.APIs[0].Stages[0].Deployment = &Deployment{}
	if got := truth(t, gateway(t, m), get("/open")); got != "route/no-such-resource" {
		t.Errorf("HTTP: got %s", got)
	}

	g := gateway(t, socketWorld(Route{Authorization: None}))
	x := &exchange{Gateway: g, r: get("/"), api: &API{}, draft: &g.model.APIs[0]}
	x.draft.Routes = append(x.draft.Routes, Route{Path: "whoami"})
	x.frame("c", []byte(`{"action":"whoami"}`))
	x.frame("c", []byte(`{"action":"nobody"}`))
	var got []string
	for _, tr := range g.Truths() {
		got = append(got, tr.Layer+"/"+tr.Cause)
	}
	if diff := cmp.Diff([]string{"stage/not-deployed", "route/websocket-no-route"}, got); diff != "" {
		t.Errorf("WebSocket: (-want +got):\n%s", diff)
	}
}
