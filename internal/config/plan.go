package config

import "apigwprobe/probe"

// sandbox is the environment in which secrets may stand in the file.
const sandbox = "sandbox"

// builder constructs the plan of one environment from what the checker let pass.
type builder struct {
	opts     Options
	wrong    *notes
	warnings *notes
	top      *node
	outer    layers // environment, defaults
	keys     bool   // load the keys of client certificates
	plan     probe.Plan
	domains  map[string]place // host and base path to where they stand
}

// build constructs the plan of an environment. The keys of client certificates are secrets: they are only loaded for a
// plan that is asked for, so that a configuration can be validated where none of them is.
func (f *File) build(environment string, keys bool, wrong, warnings *notes) *builder {
	n := f.top.field("environments").field(environment)
	b := &builder{
		opts: f.opts, wrong: wrong, warnings: warnings, keys: keys,
		top:     f.top,
		outer:   layers{n, f.top.field("defaults")},
		domains: make(map[string]place),
	}
	b.plan = probe.Plan{
		Environment:    environment,
		Principals:     make(map[string]probe.Principal),
		RootCAs:        b.rootCAs(b.outer.find("ca_file")),
		Proxy:          dataOf[string](b.outer.find("proxy")),
		SourceHash:     f.hash,
		Rate:           setting(b, "rate", probe.DefaultRate),
		TotalRate:      setting(b, "total_rate", probe.DefaultTotalRate),
		Concurrency:    setting(b, "concurrency", probe.DefaultConcurrency),
		RequestTimeout: setting(b, "timeout", probe.DefaultRequestTimeout),
		RunTimeout:     setting(b, "run_timeout", probe.DefaultRunTimeout),
		MaxRequests:    setting(b, "max_requests", probe.DefaultMaxRequests),
		CorrectClock:   setting(b, "correct_clock", false),
		Schedule:       dataOf[string](b.outer.find("schedule")),
		Timezone:       setting(b, "timezone", ""),
	}
	each(b.outer.find("connect_to"), func(m member) { put(&b.plan.ConnectTo, m.name, dataOf[string](m.node)) })
	b.apis(n)
	return b
}

// setting is the nearest value of a setting of the run, or fallback.
func setting[T any](b *builder, name string, fallback T) T {
	if n := b.outer.find(name); n != nil {
		return dataOf[T](n)
	}
	return fallback
}

// apis constructs the APIs of the environment n.
func (b *builder) apis(n *node) {
	seen := make(map[string]bool)
	for _, entry := range items(n.field("apis")) {
		name, at := apiName(entry)
		switch {
		case name == nil:
			b.wrong.add(entry.at, `api: got no "name", want one`)
		case seen[dataOf[string](name)]:
			b.wrong.add(at, `"name": got the name of another api of the environment, want each once`)
		}
		seen[dataOf[string](name)] = dataOf[string](name) != ""
		b.plan.APIs = append(b.plan.APIs, b.api(dataOf[string](name), entry, b.shared(entry)))
	}
}

// apiName is the name of an API of an environment: its own, or that of the shared API.
func apiName(entry *node) (*node, place) {
	for _, key := range []string{"name", "from"} {
		if n := entry.field(key); n != nil {
			return n, n.at
		}
	}
	return nil, entry.at
}

// shared is the API of the top level that an API of the environment takes over, or nil.
func (b *builder) shared(entry *node) *node {
	return b.top.field("apis").field(dataOf[string](entry.field("from")))
}

// principal takes over the declaration of the principal that n names, once it is used.
func (b *builder) principal(n *node) string {
	name := dataOf[string](n)
	if declared := b.top.field("principals").field(name); declared != nil {
		b.reference(declared.field("secret_access_key"))
		b.reference(declared.field("session_token"))
		b.plan.Principals[name] = principal(name, declared)
	}
	return name
}

// expiredSession is a principal whose session token has expired: one without a token cannot.
func (b *builder) expiredSession(n *node) string {
	name := b.principal(n)
	if name != "" && b.top.field("principals").field(name).field("session_token") == nil {
		b.wrong.add(n.at, `"expired_session": got a principal without "session_token", want static credentials with one`)
	}
	return name
}

// checkOther notes that the principal which is accepted is also the one that must be refused: a gate would be
// called open that never had to close.
func (b *builder) checkOther(key string, l layers, principal, other string) {
	if other != "" && other == principal {
		b.wrong.add(l.find(key).at, "%q: got the principal itself, want another one", key)
	}
}

// reference is the secret that n refers to, or nil.
func (b *builder) reference(n *node) *probe.Reference {
	r := dataOf[*probe.Reference](n)
	if r != nil && !r.Value.Empty() && b.plan.Environment != sandbox {
		b.warnings.add(n.at, "reference: got the secret itself, want {env: …}, {file: …} or {command: […]} outside environment %q", sandbox)
	}
	if n.field("as") != nil && r != nil {
		b.reader(r, n.field("as"))
	}
	return r
}

// reader takes over the principal that reads a secret from its store. Its own keys cannot be in one: somebody has to
// be first.
func (b *builder) reader(r *probe.Reference, as *node) {
	name := dataOf[string](as)
	declared := b.top.field("principals").field(name)
	if declared == nil {
		return // which is said already
	}
	for _, key := range []string{"secret_access_key", "session_token"} {
		if own := dataOf[*probe.Reference](declared.field(key)); own != nil && own.Stored() {
			b.wrong.add(as.at, `"as": got a principal with a stored %q, want one whose keys are not in a store themselves`, key)
			return
		}
	}
	p := principal(name, declared)
	r.As = &p
}
