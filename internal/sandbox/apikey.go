package sandbox

import "slices"

// checkAPIKey wants a key that exists, is enabled, and is in a usage plan of
// this very stage. All four failures look the same. A method that requires no
// key ignores the header, and so does an API whose keys its authorizer names.
func checkAPIKey(x *exchange) *refusal {
	x.keyChecked = true
	if !x.route.APIKeyRequired {
		return nil
	}
	refuse := func(cause string) *refusal {
		return &refusal{cause: cause, kind: invalidAPIKey, message: "Forbidden"}
	}
	value := x.r.Header.Get("x-api-key")
	if x.api.KeySource == KeyFromAuthorizer {
		value = x.usageKey
	}
	if value == "" {
		if x.api.KeySource != KeyFromAuthorizer && stripped(x.r, "x-api-key") {
			return refuse("credential-stripped")
		}
		return refuse("missing-api-key")
	}
	key := x.keys[value]
	if key == nil {
		return refuse("invalid-api-key")
	}
	if key.Disabled {
		return refuse("disabled-api-key")
	}
	plan := x.model.planOf(key.Name, APIStage{x.api.ID, x.stage.Name})
	if plan == nil {
		return refuse("api-key-not-in-usage-plan")
	}
	x.key, x.plan = key, plan
	return nil
}

func (m *Model) planOf(key string, stage APIStage) *UsagePlan {
	for i := range m.Plans {
		p := &m.Plans[i]
		if slices.Contains(p.Keys, key) && slices.Contains(p.Stages, stage) {
			return p
		}
	}
	return nil
}
