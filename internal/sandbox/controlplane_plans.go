package sandbox

import "slices"

func planID(p *UsagePlan) string { return made(6, "plan", p.Name) }

func keyID(k *APIKey) string { return made(10, "key", k.Name) }

// plans are those that hold a stage of the caller's, and those that hold none.
func (c *call) plans() []*UsagePlan {
	var out []*UsagePlan
	for i := range c.model.Plans {
		if p := &c.model.Plans[i]; len(p.Stages) == 0 || slices.ContainsFunc(p.Stages, c.mine) {
			out = append(out, p)
		}
	}
	return out
}

func getUsagePlans(c *call) (any, error) {
	all := c.plans()
	if key := c.r.URL.Query().Get("keyId"); key != "" {
		all = slices.DeleteFunc(all, func(p *UsagePlan) bool {
			return !slices.ContainsFunc(p.Keys, func(name string) bool { return keyID(&APIKey{Name: name}) == key })
		})
	}
	return items(c, all, func(p *UsagePlan) any {
		out := object{"id": planID(p), "name": p.Name, "apiStages": rendered(p.Stages, func(s APIStage) any {
			return object{"apiId": s.API, "stage": s.Stage}
		})}
		if p.Burst > 0 {
			out["throttle"] = object{"burstLimit": p.Burst, "rateLimit": p.Rate}
		}
		if p.Quota > 0 {
			out["quota"] = object{"limit": p.Quota, "offset": 0, "period": "MONTH"}
		}
		return out
	})
}

func getUsagePlanKeys(c *call) (any, error) {
	all := c.plans()
	i := slices.IndexFunc(all, func(p *UsagePlan) bool { return planID(p) == c.r.PathValue("plan") })
	if i < 0 {
		return nil, notThere("Usage Plan")
	}
	return items(c, all[i].Keys, func(name string) any {
		return object{"id": keyID(&APIKey{Name: name}), "name": name, "type": "API_KEY"}
	})
}

func getAPIKeys(c *call) (any, error) {
	q := c.r.URL.Query()
	keys := slices.Clone(c.model.Keys)
	if name := q.Get("name"); name != "" {
		keys = slices.DeleteFunc(keys, func(k APIKey) bool { return !glob(name+"*", k.Name) })
	}
	return items(c, keys, func(k APIKey) any { return c.apiKey(&k, q.Get("includeValues") == "true") })
}

func getAPIKey(c *call) (any, error) {
	for i := range c.model.Keys {
		if k := &c.model.Keys[i]; keyID(k) == c.r.PathValue("key") {
			return c.apiKey(k, c.r.URL.Query().Get("includeValue") == "true"), nil
		}
	}
	return nil, notThere("API Key")
}

// apiKey shows the value only to who asks for it.
func (c *call) apiKey(k *APIKey, value bool) object {
	stages := list{}
	for _, p := range c.model.Plans {
		if !slices.Contains(p.Keys, k.Name) {
			continue
		}
		for _, s := range p.Stages {
			stages = append(stages, s.API+"/"+s.Stage)
		}
	}
	out := object{"id": keyID(k), "name": k.Name, "enabled": !k.Disabled, "createdDate": since, "lastUpdatedDate": since, "stageKeys": stages}
	if value {
		out["value"] = k.Value
	}
	return out
}
