package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// request is a method and a path template.
type request struct {
	method, path string
	parameters   []string // names in the template, without "+"
}

func (r request) String() string { return strings.TrimSpace(r.method + " " + r.path) }

// methods are those of API Gateway; ANY is asked as GET.
var methods = []string{"ANY", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

// requestLine reads "GET /orders/{id}", or "$connect" for the handshake of a WebSocket API.
func requestLine(_ *checker, v *value) (any, *wrong) {
	if v.text == probe.ConnectRoute {
		return request{path: v.text}, nil
	}
	method, path, ok := strings.Cut(v.text, " ")
	switch {
	case !ok:
		return nil, &wrong{want: "a method and a path such as GET /orders/{id}"}
	case !slices.Contains(methods, method):
		return nil, &wrong{"an unknown method", oneOf(methods, method)}
	}
	parameters, w := template(path)
	if w != nil {
		return nil, w
	}
	return request{method, path, parameters}, nil
}

var (
	parameterPattern = regexp.MustCompile(`\A\{([A-Za-z0-9._:-]+)(\+?)\}\z`)
	// A path stands as it is sent, percent-encoded; letters beyond ASCII are encoded for the owner.
	literalPattern = regexp.MustCompile(`\A([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}|[^\x00-\x7F])*\z`)
)

// template reads the names of a path's parameters.
func template(path string) (names []string, w *wrong) {
	switch {
	case !strings.HasPrefix(path, "/"):
		return nil, &wrong{"a path without a slash in front", `a path such as "/orders"`}
	case strings.ContainsAny(path, "?#"):
		return nil, &wrong{"a query in the path", "the path alone; the query stands under query"}
	case path == "/":
		return nil, nil
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		parameter := parameterPattern.FindStringSubmatch(s)
		switch {
		case parameter == nil && strings.ContainsAny(s, "{}"):
			return nil, &wrong{"a segment that is only partly a parameter", "whole segments such as {id}"}
		case parameter == nil && !literalPattern.MatchString(s):
			return nil, &wrong{"characters that a path cannot hold", "the path percent-encoded"}
		case parameter == nil:
			continue
		case parameter[2] == "+" && i < len(segments)-1:
			return nil, &wrong{"a greedy parameter within the path", "{…+} only at the end"}
		case slices.Contains(names, parameter[1]):
			return nil, &wrong{"a parameter twice", "each name once"}
		}
		names = append(names, parameter[1])
	}
	return names, nil
}

// signedOrder reports whether the values of each name stand in the order in which a signature holds them, which is
// that of their encoded bytes. Anything else would be another request than the one that is written.
func signedOrder(values []string) bool {
	return slices.IsSortedFunc(values, func(a, b string) int { return strings.Compare(encode(a), encode(b)) })
}

// encode is percent-encoding as SigV4 has it.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
