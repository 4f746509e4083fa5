package config

import "apigwprobe/probe"

// checkType finds what an API of this type cannot have. A declaration that can never come true would only make every
// finding doubtful.
func (b *builder) checkType(t probe.APIType, l layers) {
	stage := l.find("stage")
	if t != probe.HTTP {
		if dataOf[string](stage) == probe.DefaultStage {
			b.wrong.add(stage.at, `"stage": got "$default" on a %s API, want a name: only HTTP APIs have it`, t)
		}
		return
	}
	for _, missing := range []struct{ key, why string }{
		{"waf", "AWS WAF protects no HTTP API"},
		{"waf_marker", "AWS WAF protects no HTTP API"},
		{"canary", "HTTP APIs have no canaries"},
	} {
		if n := l.find(missing.key); n != nil {
			b.wrong.add(n.at, "%q: got it on an HTTP API, want it left out: %s", missing.key, missing.why)
		}
	}
	if n := l.find("endpoint_type"); n != nil && dataOf[string](n) != string(probe.EndpointRegional) {
		b.wrong.add(n.at, `"endpoint_type": got %q on an HTTP API, want REGIONAL: HTTP APIs have no other`, n.text)
	}
	for _, route := range items(l.find("routes")) {
		if n := route.field("api_key_required"); dataOf[bool](n) {
			b.wrong.add(n.at, `"api_key_required": got true on an HTTP API, want it left out: HTTP APIs have no API keys`)
		}
	}
}
