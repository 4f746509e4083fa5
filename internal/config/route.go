package config

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"apigwprobe/probe"
)

// proberHeaders are the headers that the prober sets, and those that would change what is asked.
var proberHeaders = map[string]string{
	"Host":                   "it is taken from the access",
	"X-Amz-Date":             "it belongs to the signature",
	"X-Amz-Security-Token":   "it belongs to the signature",
	"X-Amzn-Requestid":       "the prober sets it",
	"X-Api-Key":              "the key stands under api_key",
	"X-Apigw-Api-Id":         "it is taken from the access",
	"User-Agent":             "the prober sets it",
	"X-Probe-Run":            "the prober sets it",
	"X-Http-Method-Override": "it overrides the method",
	"Content-Length":         "it is taken from the body",
	"Transfer-Encoding":      "it is taken from the body",
	"Connection":             "the prober sets it",
}

var headerPattern = regexp.MustCompile("\\A[A-Za-z0-9!#$%&'*+.^_`|~-]+\\z")

func headerName(_ *checker, v *value) (any, *wrong) {
	if !headerPattern.MatchString(v.text) {
		return nil, &wrong{want: "a header's name"}
	}
	if why, ok := proberHeaders[http.CanonicalHeaderKey(v.text)]; ok {
		return nil, &wrong{strconv.Quote(v.text), "it left out: " + why}
	}
	return v.text, nil
}

// headerValue is sent as it is written, which only holds for what no server trims.
func headerValue(_ *checker, v *value) (any, *wrong) {
	if strings.TrimSpace(v.text) != v.text || strings.ContainsFunc(v.text, unicode.IsControl) {
		return nil, &wrong{"spaces at an end or control characters", "a header's value or a reference"}
	}
	return v.text, nil
}

// checkRoute compares the keys of a route with each other.
func checkRoute(c *checker, n *node) {
	checkParameters(c, n)
	checkHeaders(c, n)
	checkTokenPlaces(c, n)
	signed := dataOf[probe.Authorization](n.field("authorization")) == probe.AuthIAM
	if query := n.field("query"); query != nil && signed {
		for _, q := range query.fields {
			if !signedOrder(dataOfAll[string](q.node)) {
				c.wrong.add(q.at, `"query": got values of one name out of byte order, want them sorted: signing would sort them`)
			}
		}
	}
	if key := n.field("api_key"); key != nil && !dataOf[bool](n.field("api_key_required")) {
		c.wrong.add(key.at, `"api_key": got a key for a route that needs none, want "api_key_required: true" beside it`)
	}
}

func checkParameters(c *checker, n *node) {
	line := n.field("request")
	r := dataOf[request](line)
	if r.path == "" {
		return // what is wrong with it is said already
	}
	given := n.field("path")
	for _, p := range r.parameters {
		switch v := given.field(p); {
		case v == nil:
			c.wrong.add(line.at, `"request": got no value of {%s}, want one under path`, p)
		case v.text == "":
			c.wrong.add(v.at, `"path": got an empty value of {%s}, want a text`, p)
		}
	}
	if given == nil {
		return
	}
	for _, f := range given.fields {
		if !slices.Contains(r.parameters, f.name) {
			c.wrong.add(f.nameAt, `"path": got a value for no parameter of the request, want %s`, parametersWant(r))
		}
	}
}

func parametersWant(r request) string {
	if len(r.parameters) == 0 {
		return "none"
	}
	return "only those of " + strings.Join(r.parameters, ", ")
}

func checkHeaders(c *checker, n *node) {
	headers := n.field("headers")
	if headers == nil {
		return
	}
	signed := dataOf[probe.Authorization](n.field("authorization")) == probe.AuthIAM
	seen := make(map[string]bool)
	for _, h := range headers.fields {
		canonical := http.CanonicalHeaderKey(h.name)
		switch {
		case canonical == "Authorization" && signed:
			c.wrong.add(h.nameAt, `"headers": got "Authorization" on a route with AWS_IAM, want it left out: it holds the signature`)
		case seen[canonical]:
			c.wrong.add(h.nameAt, `"headers": got a header twice, want each once, capital letters or not`)
		case secretHeader[canonical] && dataOf[*probe.Reference](h.node) == nil:
			c.warnings.add(h.nameAt, `"headers": got a plain %q, want a reference: it would be sent to wrong addresses too, and shown`, canonical)
		}
		seen[canonical] = true
	}
}

// secretHeader are headers that usually hold a secret.
var secretHeader = map[string]bool{"Authorization": true, "Cookie": true, "Proxy-Authorization": true}

func checkExpectation(c *checker, n *node) {
	if one, many := n.field("layer"), n.field("layers"); (one == nil) == (many == nil) {
		c.wrong.add(n.at, `expectation: got both or neither of "layer" and "layers", want one`)
	}
}

// route constructs a route; l holds the route's mapping and what stands around it.
func (b *builder) route(n *node, l layers) probe.Route {
	r := dataOf[request](n.field("request"))
	route := probe.Route{
		Method:         r.method,
		Path:           r.path,
		Authorization:  dataOf[probe.Authorization](n.field("authorization")),
		APIKeyRequired: dataOf[bool](n.field("api_key_required")),
		APIKey:         b.reference(n.field("api_key")),
		Principal:      b.principal(l.find("principal")),
		Outsider:       b.principal(l.find("outsider")),
		ExpiredSession: b.expiredSession(l.find("expired_session")),
		Token:          b.token(n.field("token")),
		Success:        dataOfAll[int](n.field("success")),
	}
	if cors := l.find("cors"); cors != nil {
		route.CORS = &probe.CORS{Origins: dataOfAll[string](cors.field("origins"))}
	}
	b.checkOther("outsider", l, route.Principal, route.Outsider)
	b.checkOther("expired_session", l, route.Principal, route.ExpiredSession)
	if body := n.field("body"); body != nil {
		route.Body = []byte(dataOf[string](body))
	}
	each(n.field("path"), func(m member) { put(&route.PathParameters, m.name, dataOf[string](m.node)) })
	each(n.field("query"), func(m member) { put(&route.Query, m.name, dataOfAll[string](m.node)) })
	each(n.field("expect"), func(m member) { put(&route.Expect, m.name, expectation(m.node)) })
	each(n.field("headers"), func(m member) {
		route.Headers = append(route.Headers, probe.Header{Name: m.name, Value: dataOf[string](m.node), Secret: b.reference(m.node)})
	})
	return route
}

func expectation(n *node) probe.Expectation {
	layers := dataOfAll[probe.Layer](n.field("layers"))
	if one := n.field("layer"); one != nil {
		layers = []probe.Layer{dataOf[probe.Layer](one)}
	}
	return probe.Expectation{Layers: layers, Status: dataOfAll[int](n.field("status"))}
}
