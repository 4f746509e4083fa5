package sandbox

// checkStage refuses stages that are not deployed. Without a stage there is no
// deployment, so this comes before everything that belongs to one.
func checkStage(x *exchange) *refusal {
	if !x.enterStage() {
		return &refusal{cause: "unknown-stage", kind: unrouted, message: "Forbidden"}
	}
	return nil
}

// enterStage finds the stage and goes on with the API as it is deployed there.
func (x *exchange) enterStage() bool {
	x.stage = x.api.stage(x.stageName)
	if x.stage == nil {
		return false
	}
	if x.stage.Deployment != nil {
		x.draft, x.api = x.api, x.api.deployed(x.stage)
	}
	return true
}

// deployed is the API as the stage serves it.
func (a *API) deployed(s *Stage) *API {
	if s == nil || s.Deployment == nil {
		return a
	}
	live, d := *a, s.Deployment
	live.Routes, live.Authorizers, live.ResourcePolicy, live.GatewayResponses = d.Routes, d.Authorizers, d.ResourcePolicy, d.GatewayResponses
	return &live
}
