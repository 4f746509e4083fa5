package config

import (
	"cmp"
	"slices"
	"time"

	"apigwprobe/probe"
)

// checkAPI finds what is wrong with an API wherever it stands. What may come from another layer is the builder's to
// miss.
func checkAPI(c *checker, n *node) {
	seen := make(map[string]bool)
	for _, item := range items(n.field("routes")) {
		line := item.field("request")
		r := dataOf[request](line)
		if seen[r.String()] {
			c.wrong.add(line.at, `"request": got the same method and path twice, want each once`)
		}
		seen[r.String()] = r.path != ""
	}
}

// checkDomain finds a domain that contradicts itself.
func checkDomain(c *checker, n *node) {
	mapping := n.field("root_mapping")
	if dataOf[string](mapping) == string(probe.Absent) && dataOf[string](n.field("base_path")) == "" {
		c.wrong.add(mapping.at, `"root_mapping": got "none" on a domain that is the root mapping, want a base_path or no root_mapping`)
	}
}

// api constructs one API of its mapping in the environment and the shared one.
func (b *builder) api(name string, entry, shared *node) probe.API {
	own := layers{entry, shared}
	all := b.outer.under(own...)
	text := func(key string) string { return dataOf[string](all.find(key)) }
	a := probe.API{
		Name:            name,
		Type:            cmp.Or(probe.APIType(text("type")), probe.REST),
		EndpointType:    probe.EndpointType(text("endpoint_type")),
		ID:              text("id"),
		Region:          text("region"),
		Stage:           text("stage"),
		DefaultEndpoint: probe.Declared(text("default_endpoint")),
		CatchAll:        probe.Declared(text("catch_all")),
		Canary:          dataOf[bool](all.find("canary")),
		KeySource:       probe.KeySource(text("api_key_source")),
		BackendAWS:      text("backend") == "aws",
		Mutation:        probe.Mutation(text("mutation")),
		Rate:            dataOf[float64](own.find("rate")),
		Concurrency:     dataOf[int](own.find("concurrency")),
	}
	if waf := all.find("waf"); waf != nil {
		attached := dataOf[bool](waf)
		a.WAF = &attached
	}
	if n := all.find("waf_marker"); n != nil {
		a.WAFMarker = b.wafMarker(n, a.WAF)
	}
	for _, n := range items(all.find("custom_domains")) {
		a.Domains = append(a.Domains, b.domain(n))
	}
	each(all.find("gateway_responses"), func(m member) { put(&a.GatewayResponses, m.name, gatewayResponse(m.node)) })
	for _, n := range items(all.find("vpc_endpoints")) {
		a.Endpoints = append(a.Endpoints, b.vpcEndpoint(n))
	}
	for _, n := range items(all.find("routes")) {
		a.Routes = append(a.Routes, b.route(n, all.under(n)))
	}
	for _, n := range items(all.find("accept")) {
		a.Accept = append(a.Accept, b.acceptance(n, a))
	}
	if shared != nil || entry.field("from") == nil { // an unknown one hides what is there
		b.checkReachable(subject("api", name), entry.at, all)
		b.checkType(a.Type, all)
	}
	return a
}

// checkWAFMarker finds a marker that stands nowhere or twice.
func checkWAFMarker(c *checker, n *node) {
	if header, query := n.field("header"), n.field("query"); (header == nil) == (query == nil) {
		c.wrong.add(n.at, `waf_marker: got both or neither of "header" and "query", want one`)
	}
}

// wafMarker constructs the marker of an API whose web ACL is declared or not.
func (b *builder) wafMarker(n *node, attached *bool) *probe.WAFMarker {
	if attached != nil && !*attached {
		b.wrong.add(n.at, `"waf_marker": got one beside "waf: false", want a web ACL that blocks it`)
	}
	return &probe.WAFMarker{
		Header: dataOf[string](n.field("header")), Query: dataOf[string](n.field("query")),
		Value: dataOf[string](n.field("value")), Status: dataOfAll[int](n.field("status")),
	}
}

// checkReachable finds an API to which nothing can be sent.
func (b *builder) checkReachable(subject string, at place, l layers) {
	has := func(key string) bool { return l.find(key) != nil }
	if !has("routes") {
		b.wrong.add(at, `%s: got no "routes", want at least one`, subject)
	}
	if !has("id") && len(items(l.find("custom_domains"))) == 0 {
		b.wrong.add(at, `%s: got neither "id" nor "custom_domains", want a way in`, subject)
	}
	if !has("region") {
		b.wrong.add(at, `%s: got no "region", want one here, in the environment or in defaults`, subject)
	}
	if has("id") && !has("stage") {
		b.wrong.add(at, `%s: got "id" without "stage", want both`, subject)
	}
	if through := l.find("vpc_endpoints"); len(items(through)) > 0 {
		if !has("id") {
			b.wrong.add(through.at, `"vpc_endpoints": got them without "id", want the id that names the API there`)
		}
		if dataOf[string](l.find("endpoint_type")) != string(probe.EndpointPrivate) {
			b.wrong.add(through.at, `"vpc_endpoints": got them for an API that is not private, want "endpoint_type: PRIVATE" beside them`)
		}
	}
	if door := l.find("default_endpoint"); door != nil && !has("id") {
		b.wrong.add(door.at, `"default_endpoint": got it without "id", want the id that its host is made of`)
	}
}

func (b *builder) domain(n *node) probe.CustomDomain {
	d := probe.CustomDomain{
		Host:        dataOf[string](n.field("host")),
		BasePath:    dataOf[string](n.field("base_path")),
		RootMapping: probe.Declared(dataOf[string](n.field("root_mapping"))),
	}
	b.claim(d, n)
	if b.keys {
		d.ClientCertificate = b.clientCertificate(n, "mutual_tls")
		d.ExpiredCertificate = b.clientCertificate(n, "expired_client_certificate")
	}
	return d
}

// claim notes a host and base path that are taken already: they lead to one place only. Those that are wrong already are left alone.
func (b *builder) claim(d probe.CustomDomain, n *node) {
	base := n.field("base_path")
	if d.Host == "" || base != nil && base.data == nil {
		return
	}
	where, at := d.Host+"/"+d.BasePath, n.field("host").at
	if first, ok := b.domains[where]; ok {
		b.wrong.add(at, `"host": got the host and base path of %s again, want them once in an environment`, first)
	}
	b.domains[where] = at
}

// acceptance constructs an acceptance. One that names what the API does not have would silently accept nothing.
func (b *builder) acceptance(n *node, a probe.API) probe.Acceptance {
	acceptance := probe.Acceptance{
		Scenario: dataOf[string](n.field("scenario")),
		Route:    dataOf[string](n.field("route")),
		Access:   dataOf[string](n.field("access")),
		Reason:   dataOf[string](n.field("reason")),
		Until:    dataOf[time.Time](n.field("until")),
	}
	var routes, ways []string
	for _, r := range a.Routes {
		routes = append(routes, r.Name())
	}
	for _, w := range append(a.Accesses(), a.Door()) {
		if w.Host != "" {
			ways = append(ways, w.ID(), w.Name(), string(w.Kind))
		}
	}
	b.among("route", n.field("route"), routes)
	b.among("access", n.field("access"), ways)
	return acceptance
}

// among notes a text that is none of names.
func (b *builder) among(key string, n *node, names []string) {
	slices.Sort(names)
	names = slices.Compact(names)
	if got := dataOf[string](n); got != "" && !slices.Contains(names, got) {
		b.wrong.add(n.at, "%q: got %s, want %s", key, describe(&value{kind: text, text: got}, false), oneOf(names, got))
	}
}
