package config

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"apigwprobe/probe"
)

// scheme is the word before a token.
var scheme = matching("[A-Za-z0-9!#$%&'*+.^_`|~-]+", "one word such as Bearer")

// tokenURL is where tokens are asked for. Credentials go there, so that it is either TLS or this machine.
func tokenURL(_ *checker, v *value) (any, *wrong) {
	const want = "an https URL such as https://login.example.com/oauth2/token"
	u, err := url.Parse(v.text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, &wrong{"no URL", want}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, &wrong{"a URL with more than host and path", want}
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return nil, &wrong{"a URL without TLS", want}
	}
	return v.text, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkToken finds a token whose place is said twice.
func checkToken(c *checker, n *node) {
	if header := n.field("header"); header != nil && n.field("sources") != nil {
		c.wrong.add(header.at, `token: got both "header" and "sources", want one of them`)
	}
}

// checkTokenSource finds a source that is nowhere, or in two places.
func checkTokenSource(c *checker, n *node) {
	if len(n.fields) != 1 {
		c.wrong.add(n.at, `source: got both or neither of "header" and "query", want one`)
	}
}

// checkTokenPlaces compares the token of a route with the rest of it.
func checkTokenPlaces(c *checker, n *node) {
	authorization := dataOf[probe.Authorization](n.field("authorization"))
	token := n.field("token")
	switch {
	case authorization == "": // what is wrong with it is said already
		return
	case token != nil && !authorization.TakesToken():
		c.wrong.add(token.at, `"token": got one on a route with %s, want it left out`, authorization)
		return
	case !authorization.TakesToken():
		return
	case authorization == probe.AuthCognito && len(items(token.field("sources"))) > 0:
		c.wrong.add(token.field("sources").at, `"sources": got them for a user pool's authorizer, want "header": it reads one header`)
	}
	for _, source := range tokenSources(token) {
		for _, h := range fields(n.field("headers")) {
			if http.CanonicalHeaderKey(h.name) == http.CanonicalHeaderKey(source.Header) {
				c.wrong.add(h.nameAt, `"headers": got the header of the token (%s), want it left out`, strconv.Quote(http.CanonicalHeaderKey(source.Header)))
			}
		}
		for _, q := range fields(n.field("query")) {
			if q.name == source.Query {
				c.wrong.add(q.nameAt, `"query": got the parameter of the token, want it left out`)
			}
		}
	}
}

func fields(n *node) []member {
	if n == nil {
		return nil
	}
	return n.fields
}

// tokenSources are the places of a token.
func tokenSources(token *node) []probe.TokenSource {
	if header := dataOf[string](token.field("header")); header != "" {
		return []probe.TokenSource{{Header: header}}
	}
	var out []probe.TokenSource
	for _, s := range items(token.field("sources")) {
		out = append(out, probe.TokenSource{Header: dataOf[string](s.field("header")), Query: dataOf[string](s.field("query"))})
	}
	if out == nil {
		out = []probe.TokenSource{{Header: "Authorization"}}
	}
	return out
}

// token constructs the token of a route.
func (b *builder) token(n *node) probe.Token {
	if n == nil {
		return probe.Token{}
	}
	t := probe.Token{Sources: tokenSources(n), Scheme: dataOf[string](n.field("scheme"))}
	for _, kind := range probe.TokenKinds() {
		if ref := b.reference(n.field(string(kind))); ref != nil {
			put(&t.Given, kind, ref)
			if ref.OAuth2 != nil {
				b.reference(n.field(string(kind)).field("oauth2").field("client_secret"))
			}
		}
	}
	return t
}
