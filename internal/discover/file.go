package discover

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"apigwprobe/probe"
)

// File is a configuration of what was found, with one environment.
func (v *Inventory) File(environment string, at time.Time) []byte {
	w := new(writer)
	w.comment(0, "Written by probe discover from %s on %s.", v.Source, at.UTC().Format(time.DateOnly))
	w.comment(0, "It needs no secret as it is: what must be refused is asked for, and open routes that only read are called. For the rest, say who")
	w.comment(0, "signs, which keys and tokens to send, and which of the routes that are commented out may be called; the places are marked below.")
	for _, p := range v.Problems {
		w.comment(0, "%s", p)
	}
	for _, n := range v.Notes {
		w.comment(0, "%s", n)
	}
	w.line(0, "version: 1")
	w.comment(0, "principals:")
	w.comment(0, "  caller: {profile: probe-caller}             # may call the routes with AWS_IAM")
	w.comment(0, "  outsider: {role_arn: …, session_policy: deny-all} # valid, but may do nothing")
	w.comment(0, "defaults: {principal: caller, outsider: outsider}")
	w.line(0, "environments:")
	w.line(1, "%s:", scalar(environment))
	w.line(2, "apis:")
	names := v.names()
	for i := range v.APIs {
		w.api(&v.APIs[i], names[i])
	}
	return []byte(w.b.String())
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// cleanName is a name as a configuration may have it.
func cleanName(name string) string {
	name = strings.TrimLeft(notInNames.ReplaceAllString(name, "-"), "-._")
	return cmp.Or(strings.TrimRight(name[:min(len(name), 40)], "-"), "api")
}

// names are the names of the entries: with the stage where an API has several, with the region where a name is in
// several, and with the id if that is not enough. An API that can be called by its own name is.
func (v *Inventory) names() []string {
	out := make([]string, len(v.APIs))
	for _, whole := range []bool{true, false} {
		for i, a := range v.APIs {
			name := v.name(a)
			if (name == a.Name) != whole {
				continue
			}
			if slices.Contains(out, name) && a.ID != "" {
				name += "-" + cut(cleanName(a.ID), 10)
			}
			for n, base := 2, name; slices.Contains(out, name); n++ {
				name = fmt.Sprintf("%s-%d", base, n)
			}
			out[i] = name
		}
	}
	return out
}

func (v *Inventory) name(a API) string {
	const most = 52 // characters: a configuration takes 64, and an id may follow
	name, after := cleanName(a.Name), ""
	if slices.ContainsFunc(v.APIs, func(b API) bool { return b.ID == a.ID && b.Region == a.Region && b.Stage != a.Stage }) {
		after += "-" + cut(cleanName(a.Stage), 24)
	}
	if slices.ContainsFunc(v.APIs, func(b API) bool { return b.Name == a.Name && b.Region != a.Region }) {
		after += "-" + a.Region
	}
	return cut(name, most-len(after)) + after
}

// cut keeps as much of a clean name as there is room for.
func cut(name string, room int) string { return strings.TrimRight(name[:min(len(name), room)], "-._") }

// writer writes YAML line by line: no library keeps comments where they belong.
type writer struct{ b strings.Builder }

func (w *writer) line(depth int, format string, args ...any) {
	w.b.WriteString(strings.Repeat("  ", depth) + fmt.Sprintf(format, args...) + "\n")
}

// comment writes one line, whatever is in the text.
func (w *writer) comment(depth int, format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune("\u2028\u2029\ufeff\ufffe\uffff", r) {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))
	w.line(depth, "# %s", strings.ToValidUTF8(text, "?"))
}

// control is what JSON lets stand and YAML does not.
var control = regexp.MustCompile(`[\x7f-\x{9f}\x{fffe}\x{ffff}\x{feff}]`)

// plain is what needs no quotes wherever it stands.
var plain = regexp.MustCompile(`^[A-Za-z/$][A-Za-z0-9_./$-]*$`)

// scalar is a text as YAML.
func scalar(text string) string {
	if plain.MatchString(text) && !slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}, strings.ToLower(text)) {
		return text
	}
	var quoted strings.Builder
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // texts always encode
	return control.ReplaceAllStringFunc(strings.TrimSuffix(quoted.String(), "\n"), func(s string) string {
		return fmt.Sprintf(`\u%04x`, []rune(s)[0])
	})
}

func scalars(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = scalar(t)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (w *writer) api(a *API, name string) {
	w.line(3, "- name: %s", scalar(name))
	if name != a.Name {
		w.comment(4, "%q, stage %q", a.Name, a.Stage)
	}
	for _, n := range a.Notes {
		w.comment(4, "%s", n)
	}
	set := func(key, value string) {
		if value != "" {
			w.line(4, "%s: %s", key, scalar(value))
		}
	}
	set("type", string(a.Type))
	if a.Type == probe.REST {
		set("endpoint_type", string(a.EndpointType))
	}
	set("id", a.ID)
	set("region", a.Region)
	set("stage", a.Stage)
	if a.ID != "" {
		set("default_endpoint", string(a.DefaultEndpoint))
	}
	set("catch_all", string(a.catchAll()))
	if a.Type == probe.REST {
		if a.WAF != nil {
			w.line(4, "waf: %t", *a.WAF)
		}
		if a.Canary {
			w.line(4, "canary: true")
		}
		w.responses(a.Responses)
	}
	if a.KeySource == probe.KeyFromAuthorizer {
		set("api_key_source", string(a.KeySource))
	}
	if origins := corsOrigins(a.CORS); len(origins) > 0 && a.Type == probe.HTTP {
		w.line(4, "cors: {origins: %s}", scalars(origins))
	}
	w.ways(a)
	w.routes(a)
}

var origin = regexp.MustCompile(`^(\*|https?://[A-Za-z0-9.\-\[\]:]+)$`)

// corsOrigins are those that can be sent: a pattern such as "https://*" is none.
func corsOrigins(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(o string) bool { return !origin.MatchString(o) })
}

func (w *writer) responses(all map[string]probe.GatewayResponse) {
	if len(all) == 0 {
		return
	}
	w.line(4, "gateway_responses:")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var parts []string
		if r := all[name]; r.Status != 0 {
			parts = append(parts, fmt.Sprintf("status: %d", r.Status))
		}
		if all[name].Body != "" {
			parts = append(parts, "body: "+scalar(all[name].Body))
		}
		w.line(5, "%s: {%s}", name, strings.Join(parts, ", "))
	}
}

// ways writes the custom domains and the VPC endpoints.
func (w *writer) ways(a *API) {
	if len(a.Domains) > 0 {
		w.line(4, "custom_domains:")
	}
	for _, d := range a.Domains {
		w.line(5, "- host: %s", scalar(d.Host))
		if d.BasePath != "" {
			w.line(6, "base_path: %s", scalar(d.BasePath))
		}
		if d.RootMapping != probe.Unknown {
			w.line(6, "root_mapping: %s", scalar(string(d.RootMapping)))
		}
		for _, n := range d.Notes {
			w.comment(6, "%s", n)
		}
	}
	if a.ID == "" {
		return // which the host at an endpoint is made of
	}
	if len(a.Endpoints) > 0 {
		w.line(4, "vpc_endpoints:")
	}
	for _, e := range a.Endpoints {
		if e.ID != "" {
			w.line(5, "- id: %s", scalar(e.ID))
		} else {
			w.line(5, "- {host: %s, api_by: Host}", scalar(e.Host))
		}
	}
}

// routes writes those that are safe to call, and the others as comments. An API needs one route at least: where none is
// safe, it is one that the prober sends nothing harmful to.
func (w *writer) routes(a *API) {
	all := a.requested()
	active := func(r *Route) bool { return r.safe() }
	if !slices.ContainsFunc(all, func(r Route) bool { return r.safe() }) {
		chosen := leastHarm(all) // nil: a configuration can have none of them
		active = func(r *Route) bool { return r == chosen }
	}
	w.line(4, "routes:")
	if !slices.ContainsFunc(all, func(r Route) bool { return r.writable() }) {
		w.comment(5, "no route that a configuration can have is known; this one is there so that something can be asked")
		w.line(5, "- {request: GET /, authorization: NONE}")
	}
	for i := range all {
		if active(&all[i]) {
			w.route(a, &all[i], "")
		}
	}
	var rest []*Route
	for i := range all {
		if !active(&all[i]) {
			rest = append(rest, &all[i])
		}
	}
	if len(rest) > 0 {
		w.comment(5, "Routes that change something, or need values that only you know:")
	}
	for _, r := range rest {
		w.route(a, r, "# ")
	}
}

// requested are the routes that requests can name. The one that takes what no other takes stands in for them only where
// there is no other.
func (a *API) requested() []Route {
	all := slices.DeleteFunc(slices.Clone(a.Routes), func(r Route) bool { return r.Path == defaultRoute })
	if i := slices.IndexFunc(a.Routes, func(r Route) bool { return r.Path == defaultRoute }); i >= 0 && len(all) == 0 {
		r := a.Routes[i]
		r.Method, r.Path, r.Notes = "GET", "/", append(slices.Clone(r.Notes), "taken by "+defaultRoute+", as everything is")
		all = append(all, r)
	}
	return all
}

// leastHarm chooses among routes of which none is safe: one with a method that is not sent without consent, or else one
// that wants credentials, which are not there.
func leastHarm(all []Route) *Route {
	var best *Route
	rank := func(r *Route) int {
		switch {
		case !slices.Contains([]string{"GET", "ANY", "HEAD", "OPTIONS"}, r.Method):
			return 3
		case r.Authorization != probe.AuthNone || r.APIKeyRequired:
			return 2
		case r.Method == "OPTIONS":
			return 1
		}
		return 0
	}
	for i := range all {
		if !all[i].writable() {
			continue
		}
		if best == nil || rank(&all[i]) > rank(best) {
			best = &all[i]
		}
	}
	return best
}

var pathParameter = regexp.MustCompile(`\{([^}+]+)\+?\}`)

// route writes one route; before stands in front of each of its lines.
func (w *writer) route(a *API, r *Route, before string) {
	line := func(indent int, format string, args ...any) {
		w.line(5, "%s%s%s", before, strings.Repeat("  ", indent), fmt.Sprintf(format, args...))
	}
	note := func(indent int, format string, args ...any) {
		w.comment(5, "%s%s%s", strings.TrimPrefix(before, "# "), strings.Repeat("  ", indent), fmt.Sprintf("# "+format, args...))
	}
	if before == "" {
		note = func(indent int, format string, args ...any) { w.comment(5+indent, format, args...) }
	}
	line(0, "- request: %s", request(r))
	line(1, "authorization: %s", scalar(string(r.Authorization)))
	for _, n := range r.Notes {
		note(1, "%s", n)
	}
	var values []string
	for _, m := range pathParameter.FindAllStringSubmatch(r.Path, -1) {
		values = append(values, scalar(m[1])+`: "0"`)
	}
	if len(values) > 0 {
		line(1, "path: {%s}", strings.Join(values, ", "))
	}
	for _, p := range r.Required {
		note(1, "it requires the %s: give it under query or headers", p)
	}
	if r.APIKeyRequired {
		line(1, "api_key_required: true")
		note(1, "api_key: {env: %s_API_KEY}%s", a.variable(), a.keys())
	}
	w.token(r, line, note)
}

// request is a route's line. Blanks and braces in it mean nothing to YAML, but for the names that API Gateway lets pass
// and no configuration does.
func request(r *Route) string {
	text := r.name()
	if plainRequest.MatchString(text) || r.Path == probe.ConnectRoute {
		return text
	}
	return scalar(text)
}

var plainRequest = regexp.MustCompile(`^[A-Z]+ /[A-Za-z0-9_./{}+-]*$`)

var notInVariables = regexp.MustCompile(`[^A-Za-z0-9]+`)

// variable is what an environment variable of the API may begin with.
func (a *API) variable() string {
	name := strings.TrimRight(strings.ToUpper(notInVariables.ReplaceAllString(a.Name, "_")), "_")
	return cmp.Or(strings.TrimLeft(name, "_0123456789"), "PROBE")
}

// keys says in a comment which keys the stage takes.
func (a *API) keys() string {
	var all []string
	for _, p := range a.Plans {
		all = append(all, fmt.Sprintf("usage plan %q with the keys %q", p.Name, p.Keys))
	}
	switch {
	case len(all) > 0:
		return "   # one of: " + strings.Join(all, "; ")
	case a.PlansKnown:
		return "   # no usage plan holds this stage: every key is refused"
	}
	return ""
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// taken are headers that no token can stand in, since the prober sets them.
var taken = []string{"host", "x-api-key", "user-agent", "content-length", "connection", "x-amz-date", "x-amz-security-token", "x-apigw-api-id"}

func (w *writer) token(r *Route, line, note func(int, string, ...any)) {
	if !r.Authorization.TakesToken() {
		return
	}
	var sources []string
	header := "Authorization"
	if r.Authorizer != nil {
		note(1, "authorizer: %s%s", r.Authorizer.Name, strings.Join(append([]string{""}, r.Authorizer.Notes...), "; "))
		for _, s := range r.Authorizer.Sources {
			switch {
			case slices.Contains(taken, strings.ToLower(s.Header)):
				note(1, "it reads the header %s, which the prober sets itself", s.Header)
			case s.Header != "" && !headerName.MatchString(s.Header), s.Header == "" && s.Query == "":
				note(1, "it reads what no request has: %s", s.Header)
			case s.Header != "":
				sources = append(sources, "{header: "+scalar(s.Header)+"}")
				header = s.Header
			default:
				sources = append(sources, "{query: "+scalar(s.Query)+"}")
				header = ""
			}
		}
	}
	if len(r.Scopes) > 0 {
		note(1, "scopes, one of which will do: %s", strings.Join(r.Scopes, ", "))
	}
	line(1, "token:")
	if len(sources) > 1 || header == "" {
		line(2, "sources: [%s]", strings.Join(sources, ", "))
	} else {
		line(2, "header: %s", scalar(header))
	}
	note(2, `valid: {command: ["./get-token"]}   # or env, file, oauth2`)
}
