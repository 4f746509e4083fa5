package sandbox

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

type strippedKey struct{}

// stripped tells whether a front took the header off the request, so that the
// truth can say so.
func stripped(r *http.Request, name string) bool {
	names, _ := r.Context().Value(strippedKey{}).([]string)
	return slices.Contains(names, http.CanonicalHeaderKey(name))
}

// StripHeaders is a CDN that does not forward these request headers, as
// CloudFront does with Authorization unless told otherwise.
func StripHeaders(names ...string) Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var gone []string
			r = r.Clone(r.Context())
			for _, name := range names {
				if r.Header.Get(name) != "" {
					gone = append(gone, http.CanonicalHeaderKey(name))
					r.Header.Del(name)
				}
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), strippedKey{}, gone)))
		})
	}
}

// StripResponseHeaders is a CDN with a policy that hides response headers, given
// by the beginnings of their names.
func StripResponseHeaders(prefixes ...string) Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := capture(next, r)
			maps.DeleteFunc(p.header, func(name string, _ []string) bool {
				return slices.ContainsFunc(prefixes, func(prefix string) bool {
					return strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix))
				})
			})
			p.replay(w)
		})
	}
}

// EdgeWAF is a CDN with a web ACL of its own, which blocks requests whose header
// contains a text. Nothing of API Gateway shows in what it answers.
func EdgeWAF(header, contains string) Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get(header), contains) {
				next.ServeHTTP(w, r)
				return
			}
			t := truthOf(r)
			t.Layer, t.Cause = "edge", "waf-at-edge"
			p := &captured{
				status: http.StatusForbidden,
				header: http.Header{"Content-Type": {"text/html"}, "Server": {"CloudFront"}},
				body:   []byte("<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>Request blocked.</BODY></HTML>\n"),
			}
			markEdge(p)
			p.replay(w)
		})
	}
}

// FixedResponse is a load balancer whose listener has no rule for the host.
func FixedResponse() Front {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			t := truthOf(r)
			t.Layer, t.Cause = "edge", "alb-fixed-response"
			p := &captured{
				status: http.StatusForbidden,
				header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Server": {"awselb/2.0"}},
				body:   []byte("Access denied"),
			}
			p.replay(w)
		})
	}
}

// EdgeHeaders is a CDN that adds CloudFront's response headers and changes
// nothing else.
func EdgeHeaders() Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := capture(next, r)
			markEdge(p)
			p.replay(w)
		})
	}
}

// CacheErrors is a CDN that keeps error answers for a time, by method, host and
// target, whatever credentials come. An answer from the cache carries the ids of
// the request that filled it; showHit decides whether x-cache admits it.
func CacheErrors(ttl time.Duration, showHit bool, now func() time.Time) Front {
	type entry struct {
		answer *captured
		until  time.Time
	}
	return func(next http.Handler) http.Handler {
		var mu sync.Mutex
		cache := map[string]entry{}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, query := rawTarget(r)
			key := r.Method + " " + hostname(r) + path + "?" + query
			mu.Lock()
			e, ok := cache[key]
			if ok && !now().Before(e.until) {
				delete(cache, key)
				ok = false
			}
			mu.Unlock()
			if ok {
				hit := e.answer.clone()
				if showHit {
					hit.header.Set("X-Cache", "Hit from cloudfront")
				}
				t := truthOf(r)
				t.Layer, t.Cause = "edge", "cached-answer"
				hit.replay(w)
				return
			}
			p := capture(next, r)
			markEdge(p)
			if p.status >= http.StatusBadRequest {
				mu.Lock()
				if len(cache) < maxCached {
					cache[key] = entry{p.clone(), now().Add(ttl)}
				}
				mu.Unlock()
			}
			p.replay(w)
		})
	}
}

// maxCached bounds the memory of a cache.
const maxCached = 10_000

// ErrorPage is a CDN of a single-page application: every 403 becomes a page,
// with status 200.
func ErrorPage() Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := capture(next, r)
			if p.status == http.StatusForbidden {
				p = &captured{
					status: http.StatusOK,
					header: http.Header{"Content-Type": {"text/html"}},
					body:   []byte("<!doctype html><title>App</title>"),
				}
			}
			markEdge(p)
			p.replay(w)
		})
	}
}

func markEdge(p *captured) {
	cache := "Miss from cloudfront"
	if p.status >= http.StatusBadRequest {
		cache = "Error from cloudfront"
	}
	p.header.Set("X-Cache", cache)
	p.header.Set("Via", "1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)")
	p.header.Set("X-Amz-Cf-Pop", "DUB56-P1")
}
