package evidence

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// takers are the methods that may take a request, and whether one of them surely does. How API Gateway reads a path of
// unusual bytes is not known: such a path may be taken by what it looks like, and surely by nothing.
func (m methods) takers(verb, path string) (keys []string, surely bool) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key == probe.DefaultStage { // the key of the catch-all of HTTP APIs, too
			keys, surely = append(keys, key), true
			continue
		}
		of, template, ok := strings.Cut(key, " ")
		head := verb == http.MethodHead && of == http.MethodGet // who knows
		if !ok || of != "ANY" && of != verb && !head || !mayTake(template, path) {
			continue
		}
		keys = append(keys, key)
		surely = surely || !head && plainPath.MatchString(path) && takes(segments(template), segments(path), 1)
	}
	return keys, surely
}

// plainPath is a path that can be read in one way only.
var plainPath = regexp.MustCompile(`^(/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)$`)

// mayTake compares as no matter how: without case, slashes that stand too often, and encoding.
func mayTake(template, path string) bool {
	if decoded, err := url.PathUnescape(path); err == nil {
		if takes(loose(template), loose(decoded), 0) {
			return true
		}
	}
	return takes(loose(template), loose(path), 0)
}

func loose(path string) []string {
	return slices.DeleteFunc(segments(strings.ToLower(path)), func(s string) bool { return s == "" || s == "." })
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// takes reports whether the segments of a template match those of a path, of which a greedy one takes so many at least.
func takes(template, path []string, greedy int) bool {
	for i, s := range template {
		switch {
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "+}"):
			return len(path)-i >= greedy
		case i >= len(path):
			return false
		case strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}"):
			if path[i] == "" {
				return false
			}
		case s != path[i]:
			return false
		}
	}
	return len(template) == len(path)
}
