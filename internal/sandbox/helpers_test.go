package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	account = "111122223333"
	host    = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	goodKey = "a-key-in-a-plan-of-prod"
)

var anything = Policy{{Effect: Allow}}

func caller() *Principal {
	return &Principal{AccessKeyID: "AKIACALLER", SecretKey: "secret", ARN: "arn:aws:iam::" + account + ":user/caller", Policy: anything}
}

// world is a healthy model, for tests to change.
func world() Model {
	return Model{
		Principals: []Principal{
			*caller(),
			{AccessKeyID: "ASIASESSION", SecretKey: "secret", SessionToken: "token", ARN: "arn:aws:sts::" + account + ":assumed-role/r/s", Policy: anything},
			{AccessKeyID: "ASIARETIRED", SecretKey: "secret", SessionToken: "token", ARN: "arn:aws:sts::" + account + ":assumed-role/r/s", Policy: anything, Expires: noon.Add(-time.Hour)},
			{AccessKeyID: "AKIAOUTSIDER", SecretKey: "secret", ARN: "arn:aws:iam::" + account + ":user/outsider"},
		},
		APIs: []API{{
			ID: "a1b2c3d4e5", Name: "orders", Account: account, Region: "eu-west-1",
			Stages: []Stage{{Name: "prod"}},
			Routes: []Route{
				{Method: "GET", Path: "/iam", Authorization: IAM},
				{Method: "GET", Path: "/open", Authorization: None},
				{Method: "GET", Path: "/keyed", Authorization: None, APIKeyRequired: true},
				{Method: "GET", Path: "/both", Authorization: IAM, APIKeyRequired: true},
				{Method: "GET", Path: "/items/{id}", Authorization: IAM},
			},
		}},
		Keys: []APIKey{
			{Name: "good", Value: goodKey},
			{Name: "disabled", Value: "a-key-that-is-disabled", Disabled: true},
			{Name: "loose", Value: "a-key-that-is-in-no-plan"},
		},
		Plans:   []UsagePlan{{Name: "plan", Stages: []APIStage{{"a1b2c3d4e5", "prod"}}, Keys: []string{"good", "disabled"}}},
		Domains: []Domain{{Host: "api.example.test", Mappings: []Mapping{{"orders", APIStage{"a1b2c3d4e5", "prod"}}}}},
		Now:     func() time.Time { return noon },
		Rand:    rand.NewChaCha8([32]byte{}),
	}
}

func gateway(t testing.TB, m Model) *Gateway {
	t.Helper()
	g, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// get makes a request to a path of the default endpoint, or to a whole URL.
// Headers come as "name: value".
func get(target string, headers ...string) *http.Request {
	return request("GET", target, headers...)
}

func request(method, target string, headers ...string) *http.Request {
	if strings.HasPrefix(target, "/") {
		target = "https://" + host + target
	}
	r := httptest.NewRequest(method, target, nil)
	r.RequestURI = "" // take it from the URL, as a server would
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// signing is how a request is signed; zero fields mean correctly.
type signing struct {
	at                      time.Time
	region, service, secret string
	terminator, date        string
	token                   string // "none": leave it out
	tokenUnsigned           bool
	presign                 bool
	expires                 string
	also                    string // a header to be signed, too
}

func (s signing) sign(r *http.Request, p *Principal) *http.Request {
	timestamp := cmpTime(s.at, noon).Format(isoBasic)
	scope := strings.Join([]string{
		cmp.Or(s.date, timestamp[:8]), cmp.Or(s.region, "eu-west-1"), cmp.Or(s.service, service), cmp.Or(s.terminator, terminator),
	}, "/")
	token := cmp.Or(s.token, p.SessionToken)
	if s.token == "none" {
		token = ""
	}
	signed := []string{"host"}
	if s.presign {
		q := r.URL.Query()
		q.Set("X-Amz-Algorithm", algorithm)
		q.Set("X-Amz-Credential", p.AccessKeyID+"/"+scope)
		q.Set("X-Amz-Date", timestamp)
		q.Set("X-Amz-SignedHeaders", "host")
		if token != "" {
			q.Set("X-Amz-Security-Token", token)
		}
		if s.expires != "" {
			q.Set("X-Amz-Expires", s.expires)
		}
		r.URL.RawQuery = q.Encode()
	} else {
		r.Header.Set("X-Amz-Date", timestamp)
		signed = append(signed, "x-amz-date")
		if token != "" {
			r.Header.Set("X-Amz-Security-Token", token)
			if !s.tokenUnsigned {
				signed = append(signed, "x-amz-security-token")
			}
		}
	}
	if s.also != "" {
		signed = append(signed, s.also)
		slices.Sort(signed)
	}
	path, query := rawTarget(r)
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	canonical := signable{method: r.Method, path: path, query: query, host: r.Host, header: r.Header, body: body}.canonicalRequest(signed)
	sig := signature(cmp.Or(s.secret, p.SecretKey), scope, stringToSign(timestamp, scope, canonical))
	if s.presign {
		r.URL.RawQuery += "&X-Amz-Signature=" + sig
	} else {
		r.Header.Set("Authorization", algorithm+" Credential="+p.AccessKeyID+"/"+scope+", SignedHeaders="+strings.Join(signed, ";")+", Signature="+sig)
	}
	return r
}

func cmpTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func signed(r *http.Request, p *Principal) *http.Request { return signing{}.sign(r, p) }

// result is an answer, and what was behind it.
type result struct {
	Status           int
	ErrorType        string
	Key, Message     string
	Trace            bool
	Challenge        string // www-authenticate
	Layer, Cause     string
	header           http.Header
	body, afterColon string
}

var oneKey = regexp.MustCompile(`(?s)^\{"(\w+)":( ?)"(.*)"\}$`)

func ask(t testing.TB, g *Gateway, r *http.Request) result {
	t.Helper()
	rec := httptest.NewRecorder()
	handlerFor(g, r).ServeHTTP(rec, r)
	all := g.Truths()
	truth := all[len(all)-1]
	if truth.Status != rec.Code {
		t.Errorf("truth has status %d, the answer %d", truth.Status, rec.Code)
	}
	res := result{
		Status:    rec.Code,
		ErrorType: rec.Header().Get("x-amzn-ErrorType"),
		Trace:     rec.Header().Get("X-Amzn-Trace-Id") != "",
		Challenge: rec.Header().Get("www-authenticate"),
		Layer:     truth.Layer,
		Cause:     truth.Cause,
		header:    rec.Header(),
		body:      rec.Body.String(),
	}
	if m := oneKey.FindStringSubmatch(res.body); m != nil {
		res.Key, res.afterColon, res.Message = m[1], m[2], m[3]
	}
	return res
}

// truth is the layer and the cause alone.
func truth(t testing.TB, g *Gateway, r *http.Request) string {
	t.Helper()
	res := ask(t, g, r)
	return res.Layer + "/" + res.Cause
}

// readLines decodes a file of one JSON object a line. An empty one is a failure:
// a test that finds no data must not pass.
func readLines[T any](t testing.TB, data []byte) []T {
	t.Helper()
	var all []T
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var one T
		if err := dec.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		t.Fatal("no test data")
	}
	return slices.Clip(all)
}

func withBody(r *http.Request, body string) *http.Request {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return r
}
