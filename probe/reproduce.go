package probe

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Reproduce returns the command of a shell that repeats a case, with curl 7.87 or later. It sends nothing and resolves
// nothing: secrets are variables, which comments explain. What curl cannot craft, probe itself repeats.
func Reproduce(c Case, run string) string {
	r := &reproduction{c: c}
	material := r.material()
	recipe, err := control(c, material)
	if err != nil {
		return r.probe(err.Error())
	}
	given := recipe.Token
	recipe.Random = "probe-" + digest(run, c.ID())[:8]
	if c.Scenario.Change != nil {
		c.Scenario.Change(recipe)
	}
	switch {
	case !recipe.Token.Empty() && recipe.Token != given, recipe.Skip != "" && c.Token != nil:
		return r.probe("the token is made from a valid one")
	case recipe.Skip != "":
		return r.probe(recipe.Skip)
	case recipe.Signing != nil && recipe.Signing.Presign:
		return r.probe("curl cannot sign in the query")
	}
	r.connection(recipe)
	r.certificate(recipe.ClientCertificate)
	r.sign(recipe.Signing)
	r.token(recipe)
	r.headers(recipe)
	r.body(recipe)
	target := "https://" + cmp.Or(recipe.Connect, recipe.Host) + recipe.Prefix + recipe.Path
	if recipe.Query != "" {
		target += "?" + recipe.Query
	}
	r.add(shellQuote(target))
	r.forgetUnused()
	return strings.Join(append(r.notes, "curl -sSi --globoff --path-as-is "+strings.Join(r.args, " \\\n  ")), "\n")
}

// reproduction is a command in the making.
type reproduction struct {
	c     Case
	notes []string
	args  []string
}

// A placeholder stands for the value of a variable until the command is quoted. No value of a plan has this character.
const placeholder = "\x00"

func (r *reproduction) add(args ...string) { r.args = append(r.args, strings.Join(args, " ")) }

func (r *reproduction) note(format string, args ...any) {
	r.notes = append(r.notes, "# "+strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, fmt.Sprintf(format, args...)))
}

// variable stands for a value that the command does not show.
func variable(name string) Secret { return NewSecret(placeholder + name + placeholder) }

// forgetUnused drops what is said of variables that the command does not need: a scenario may leave a secret out.
func (r *reproduction) forgetUnused() {
	command := strings.Join(r.args, " ")
	r.notes = slices.DeleteFunc(r.notes, func(note string) bool {
		match := explained.FindStringSubmatch(note)
		return match != nil && !strings.Contains(command, "$"+match[1]) && !strings.Contains(command, "${"+match[1]+"}")
	})
}

// explained matches a note that begins with the name of a variable.
var explained = regexp.MustCompile(`^# ([A-Za-z_][A-Za-z0-9_]*)[,:]`)

// material has a variable in place of each secret.
func (r *reproduction) material() Material {
	m := Material{Credentials: make(map[string]ResolvedCredentials), Secrets: make(map[*Reference]ResolvedSecret)}
	secret := func(ref *Reference, name string) {
		if shellName.MatchString(ref.Env) {
			name = ref.Env
		}
		r.note("%s: %s", name, ref)
		m.Secrets[ref] = ResolvedSecret{Secret: variable(name)}
	}
	needs := NeedsOf([]Case{r.c})
	if key := r.c.Route.APIKey; slices.Contains(needs.References, key) {
		secret(key, "API_KEY")
	}
	for _, h := range r.c.Route.Headers {
		if h.Secret != nil && slices.Contains(needs.References, h.Secret) {
			secret(h.Secret, variableName(h.Name))
		}
	}
	if token := r.c.Token; token != nil {
		secret(token, "TOKEN_"+strings.ToUpper(string(cmp.Or(r.c.Scenario.Token, ValidToken))))
	}
	for _, name := range needs.Principals {
		m.Credentials[name] = ResolvedCredentials{Credentials: r.credentials(name)}
	}
	return m
}

// credentials of a principal are in the variables that AWS's tools read, too.
func (r *reproduction) credentials(principal string) Credentials {
	p := r.c.Plan.Principals[principal]
	out := Credentials{AccessKeyID: variable("AWS_ACCESS_KEY_ID").Reveal(), SecretAccessKey: variable("AWS_SECRET_ACCESS_KEY")}
	names := "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
	if p.AccessKeyID == "" || p.SessionToken != nil {
		out.SessionToken = variable("AWS_SESSION_TOKEN")
		names += ", AWS_SESSION_TOKEN (empty if there is none)"
	}
	r.note("%s: principal %q", names, principal)
	return out
}

// token stands in all its places, as the recipe has it.
func (r *reproduction) token(recipe *Recipe) {
	if recipe.Token.Empty() {
		return
	}
	places := r.c.Route.Token
	value := places.withScheme(recipe.TokenScheme, recipe.Token.Reveal())
	for _, s := range places.sources() {
		if s.Header != "" {
			r.add("--header", quote(strings.ToLower(s.Header)+": "+value))
		} else {
			r.add("--url-query", quote(s.Query+"="+value))
		}
	}
}

var shellName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variableName turns the name of a header into that of a variable.
func variableName(header string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, "HEADER_"+strings.ToUpper(header))
}

// probe is the command for what no other tool crafts.
func (r *reproduction) probe(why string) string {
	r.notes = nil
	r.note("%s, so probe repeats it", why)
	words := []string{"probe run", shellQuote(r.c.Plan.Environment)}
	for _, flag := range [][2]string{
		{"--api", r.c.API.Name}, {"--route", r.c.Route.Name()}, {"--access", r.c.Access.ID()}, {"--scenario", r.c.Scenario.Name},
	} {
		words = append(words, flag[0], shellQuote(flag[1]))
	}
	return strings.Join(append(r.notes, strings.Join(words, " ")), "\n")
}

// connection leads the command where the plan leads the prober.
func (r *reproduction) connection(recipe *Recipe) {
	name := cmp.Or(recipe.Connect, recipe.Host)
	if plan := r.c.Plan; plan.Redirected(name) {
		r.add("--connect-to", shellQuote(name+":443:"+plan.DialAddress(name)))
	}
	if r.c.Plan.RootCAs != nil {
		r.note("CA_FILE: the ca_file of the configuration")
		r.add(`--cacert "$CA_FILE"`)
	}
	if r.c.Plan.Proxy == "" {
		r.add("--noproxy '*'")
	} else {
		r.note("PROXY: the proxy of the configuration")
		r.add(`--proxy "$PROXY"`)
	}
}

func (r *reproduction) certificate(shown *tls.Certificate) {
	name, from := "", ""
	switch shown {
	case nil:
		return
	case r.c.Access.ClientCertificate:
		name, from = "CLIENT", "the client certificate of "+r.c.Access.Host
	case r.c.Access.ExpiredCertificate:
		name, from = "EXPIRED_CLIENT", "the expired client certificate of "+r.c.Access.Host
	default:
		name, from = "UNTRUSTED_CLIENT", "one that nobody trusts: openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=nobody -keyout KEY -out CERTIFICATE"
	}
	r.note("%s_CERTIFICATE, %[1]s_KEY: PEM files of %s", name, from)
	r.add(fmt.Sprintf(`--cert "$%s_CERTIFICATE" --key "$%[1]s_KEY"`, name))
}

func (r *reproduction) sign(s *Signing) {
	if s == nil {
		return
	}
	secret := s.Credentials.SecretAccessKey.Reveal()
	if s.Tamper {
		r.note("curl cannot spoil a signature that it made; a wrong secret key is refused alike")
		secret = "not-the-secret-key"
	}
	r.add("--aws-sigv4", shellQuote("aws:amz:"+s.Region+":"+s.Service), "--user", quote(s.Credentials.AccessKeyID+":"+secret))
	if s.Offset != 0 {
		r.note("date of GNU, or gdate")
		r.add(fmt.Sprintf(`--header "x-amz-date: $(date -u -d '%+d seconds' +%%Y%%m%%dT%%H%%M%%SZ)"`, int(s.Offset/time.Second)))
	}
	if token := s.Credentials.SessionToken; !s.OmitSessionToken && !token.Empty() {
		r.add("--header", quote("x-amz-security-token: "+token.Reveal()))
	}
}

func (r *reproduction) headers(recipe *Recipe) {
	header := func(name, value string) { r.add("--header", quote(strings.ToLower(name)+": "+value)) }
	if recipe.Connect != "" && recipe.Connect != recipe.Host {
		header("Host", recipe.Host)
	}
	if recipe.APIID != "" {
		header(headerAPIID, recipe.APIID)
	}
	if !recipe.APIKey.Empty() {
		header(headerKey, recipe.APIKey.Reveal())
	}
	if recipe.Authorization != "" {
		header("Authorization", recipe.Authorization)
	}
	all := recipe.Headers.Clone()
	if r.c.Route.handshake() {
		r.add("--http1.1 --max-time 5") // an accepted handshake would wait for ever
		upgrade(all, recipe.Random)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, value := range all[name] {
			header(name, value)
		}
	}
	r.add("--user-agent", shellQuote(cmp.Or(r.c.Plan.UserAgent, "probe/dev")))
}

// largestBody is how much of a body stands in a command.
const largestBody = 2000

func (r *reproduction) body(recipe *Recipe) {
	switch recipe.Method {
	case http.MethodGet:
	case http.MethodHead:
		r.add("--head")
	default:
		r.add("--request", shellQuote(recipe.Method))
	}
	if len(recipe.Body) == 0 {
		return
	}
	if recipe.Headers.Get("Content-Type") == "" {
		r.add("--header 'content-type:'") // curl would add one
	}
	if len(recipe.Body) > largestBody || !utf8.Valid(recipe.Body) || bytes.ContainsRune(recipe.Body, 0) {
		r.note("BODY: file with the body of the route")
		r.add(`--data-binary "@$BODY"`)
		return
	}
	r.add("--data-raw", shellQuote(string(recipe.Body)))
}

// quote is a text as one word of a shell, in which placeholders are variables.
func quote(text string) string {
	parts := strings.Split(text, placeholder)
	if len(parts) == 1 {
		return shellQuote(text)
	}
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString("${" + part + "}")
		} else {
			b.WriteString(withinQuotes.Replace(part))
		}
	}
	return `"` + b.String() + `"`
}

var withinQuotes = strings.NewReplacer("\\", "\\\\", `"`, `\"`, "$", `\$`, "`", "\\`")

// shellQuote is a text as one word of a shell, to the letter.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
