package store

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

// hole stands in a shape for what varies from run to run. Where what varied is no longer kept, readers see it.
const hole = "[varies]"

// variable matches what varies in the texts of a result: ids, dates, addresses with a port, digests. Numbers of accounts,
// which have twelve digits, do not.
var variable = regexp.MustCompile(strings.Join([]string{
	regexp.QuoteMeta(hole),
	`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`, // UUID
	`\b1-[0-9a-f]{8}-[0-9a-f]{24}\b`,                                              // X-Ray trace
	`\bprobe-[0-9a-f]{8}\b`,                                                       // made up for the run
	`\b\d{8}T\d{6}Z\b`, `\b20[0-9]{6}\b`,                                          // SigV4 times and scopes
	`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`, // ISO 8601
	`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT`,
	`\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}`, // $context.requestTime
	`\b1\d{9}(?:\d{3})?\b`, // since 1970, in seconds or milliseconds
	`\b[0-9a-fA-F]{16,}\b`,
	`[A-Za-z0-9_+/-]{10,}={1,2}`, // base64
	`\b\d{1,3}(?:\.\d{1,3}){3}:\d+\b`, `\[[0-9a-fA-F:.%]+\]:\d+\b`,
}, "|"))

// variableHeaders are those of answers whose whole value says nothing of what the gateway decided.
var variableHeaders = []string{
	"age", "apigw-requestid", "date", "etag", "last-modified", "x-amz-apigw-id", "x-amz-cf-id", "x-amz-cf-pop", "x-amzn-remapped-date",
	"x-amzn-requestid", "x-amzn-trace-id",
}

// varying is what a result has beside its shape. Texts fill the holes of the shape in order.
type varying struct {
	At       time.Time      `json:"at"`
	Attempts int            `json:"attempts,omitempty"`
	Tries    []probe.Try    `json:"tries,omitempty"`
	Timings  *probe.Timings `json:"timings,omitempty"`
	Clock    time.Time      `json:"clock,omitzero"`
	Expires  time.Time      `json:"expires,omitzero"`
	Ends     time.Time      `json:"ends,omitzero"`
	Texts    []string       `json:"texts,omitempty"`
}

// splitter parts the results of one run.
type splitter struct {
	owners   map[string]string // of salted digests
	constant map[string]bool   // lines in which nothing varies; the results of a run have many in common
}

func newSplitter() *splitter { return &splitter{make(map[string]string), make(map[string]bool)} }

// split parts a result into its shape and what varies. What a backend says is its own affair: it varies as a whole.
func (s *splitter) split(res probe.Result) (probe.Result, varying) {
	v := varying{At: res.At, Attempts: res.Attempts, Tries: res.Tries}
	foreign := res.Attribution == nil || slices.Contains(ownWords, res.Attribution.Layer)
	shape := eachText(res, func(text string, whole bool) string {
		if whole {
			if text == "" {
				return ""
			}
			v.Texts = append(v.Texts, text)
			return hole
		}
		var out strings.Builder
		for line := range strings.Lines(text) {
			if s.constant[line] || !strings.ContainsAny(line, "0123456789=[") {
				out.WriteString(line) // the expression is slow
				continue
			}
			before := len(v.Texts)
			out.WriteString(variable.ReplaceAllStringFunc(line, func(found string) string {
				v.Texts = append(v.Texts, found)
				return hole
			}))
			s.constant[line] = len(v.Texts) == before
		}
		return out.String()
	}, foreign)
	shape.Run, shape.At, shape.Attempts, shape.Tries = "", time.Time{}, 0, nil
	if o := shape.Observed; o != nil {
		timings := o.Timings
		v.Timings, o.Timings = &timings, probe.Timings{}
	}
	if r := shape.Request; r != nil {
		r.Facets = s.unsalted(res.ID, r.Facets)
		if t := r.Traits; t != nil {
			v.Clock, v.Expires, v.Ends = t.Clock, t.TokenExpires, t.CertificateEnds
			t.Clock, t.TokenExpires, t.CertificateEnds = time.Time{}, time.Time{}, time.Time{}
		}
	}
	return shape, v
}

// ownWords are the layers behind which somebody else's software words the answers, and none at all.
var ownWords = []probe.Layer{"", probe.None, probe.Backend, probe.Integration, probe.Edge}

// join is the result again. What varied is gone if v is nil.
func join(shape probe.Result, run probe.RunInfo, v *varying) probe.Result {
	shape.Run, shape.At = run.ID, run.Started
	if v == nil {
		if shape.Observed != nil {
			shape.Attempts = 1
		}
		return shape
	}
	texts := v.Texts
	res := eachText(shape, func(text string, _ bool) string {
		if !strings.Contains(text, hole) {
			return text
		}
		return holes.ReplaceAllStringFunc(text, func(string) string {
			if len(texts) == 0 {
				return hole
			}
			next := texts[0]
			texts = texts[1:]
			return next
		})
	}, false)
	res.At, res.Attempts, res.Tries = v.At, v.Attempts, v.Tries
	if res.Observed != nil && v.Timings != nil {
		res.Observed.Timings = *v.Timings
	}
	if res.Request != nil && res.Request.Traits != nil {
		t := res.Request.Traits
		t.Clock, t.TokenExpires, t.CertificateEnds = v.Clock, v.Expires, v.Ends
	}
	return res
}

var holes = regexp.MustCompile(regexp.QuoteMeta(hole))

// eachText returns a copy of a result with every text that may vary visited, always in the same order. Whole says that
// all of the text varies; foreign, that the body is not the gateway's.
func eachText(res probe.Result, visit func(text string, whole bool) string, foreign bool) probe.Result {
	part := func(texts ...*string) {
		for _, t := range texts {
			*t = visit(*t, false)
		}
	}
	all := func(m map[string]string, whole func(name string) bool) map[string]string {
		out := maps.Clone(m)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			out[name] = visit(m[name], whole(name))
		}
		return out
	}
	list := func(texts []string) []string {
		out := slices.Clone(texts)
		for i := range out {
			part(&out[i])
		}
		return out
	}
	part(&res.Reason, &res.Next, &res.Reproduce)
	if res.Observed != nil {
		o := *res.Observed
		for _, t := range []*string{&o.RequestID, &o.ExtendedRequestID, &o.BodySHA256, &o.Remote, &o.Conn} {
			*t = visit(*t, true)
		}
		o.Message, o.Body = visit(o.Message, foreign), visit(o.Body, foreign)
		o.Headers = all(o.Headers, func(name string) bool {
			return slices.Contains(variableHeaders, name) || foreign && name == "content-length"
		})
		if o.Error != nil {
			e := *o.Error
			part(&e.Text)
			o.Error = &e
		}
		res.Observed = &o
	}
	if res.Request != nil {
		r := *res.Request
		part(&r.URL)
		r.Headers = all(r.Headers, func(string) bool { return false })
		for i, value := range r.Facets {
			if !salted.MatchString(value) {
				part(&r.Facets[i])
			}
		}
		if r.Traits != nil {
			t := *r.Traits
			part(&t.Host, &t.Connect)
			r.Traits = &t
		}
		res.Request = &r
	}
	if res.Attribution != nil {
		a := *res.Attribution
		a.Because, a.Evidence = list(a.Because), list(a.Evidence)
		res.Attribution = &a
	}
	return res
}

// salted matches the digests of secret facets, which have a salt for each run.
var salted = regexp.MustCompile(`^[0-9a-f]{16}$`)

// unsalted writes other digests for the salted ones, equal within the run where those are: of the case that has one first.
func (s *splitter) unsalted(id string, facets probe.Facets) probe.Facets {
	for i, value := range facets {
		if !salted.MatchString(value) {
			continue
		}
		key := probe.Facet(i).String() + "|" + value
		if s.owners[key] == "" {
			sum := sha256.Sum256([]byte(probe.Facet(i).String() + "|" + id))
			s.owners[key] = hex.EncodeToString(sum[:8])
		}
		facets[i] = s.owners[key]
	}
	return facets
}
