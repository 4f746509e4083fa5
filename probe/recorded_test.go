package probe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// vector is one answer of the real service that somebody published, with its true layer. See testdata/README.md.
type vector struct {
	ID      string `json:"id"`
	Source  string `json:"source"`
	Request struct {
		Method, URL string
	} `json:"request"`
	Response struct {
		Status    int               `json:"status"`
		Headers   map[string]string `json:"headers"`
		Body      string            `json:"body"`
		Exception string            `json:"exception"`
		Client    string            `json:"client_error"`
	} `json:"response"`
	Layer     Layer   `json:"layer"`
	LayerAlso []Layer `json:"layer_also"`
	Cause     Cause   `json:"cause"`
	LabelBy   string  `json:"label_by"`
}

func recorded(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/recorded.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("reading vector %d: %v", len(out)+1, err)
		}
		out = append(out, v)
	}
	if len(out) < 200 {
		t.Fatalf("reading vectors: got %d, want at least 200", len(out))
	}
	return out
}

// transcript is the vector as somebody recorded it. Fewer than five headers are an excerpt: then a missing header was
// perhaps not published.
func (v vector) transcript() Transcript {
	r := v.Response
	t := Transcript{
		Source: v.ID, Status: r.Status, Header: make(http.Header), HeadersComplete: len(r.Headers) >= 5, Body: []byte(r.Body),
		Exception: r.Exception,
	}
	for name, value := range r.Headers {
		t.Header.Set(name, value)
	}
	if r.Body != "" && r.Body[0] != '{' {
		t.Message = r.Body // the source gives the text alone
	}
	if r.Client != "" {
		t.Error = &NetworkError{Phase: PhaseTLS, Kind: "certificate", Text: r.Client}
	}
	return t
}

func (v vector) attribute() Attribution { return Explain([]Transcript{v.transcript()})[0].Attribution }

// TestAccuracyOnRecordings holds the fingerprints against answers of the real service: the true layer must be among
// the candidates, and certain must never be wrong.
func TestAccuracyOnRecordings(t *testing.T) {
	var answered, among, known, candidates, certain, best int
	for _, v := range recorded(t) {
		a := v.attribute()
		truths := append([]Layer{v.Layer}, v.LayerAlso...)
		if a.Confidence == Certain {
			certain++
			if !slices.Contains(truths, a.Layer) {
				t.Errorf("%s: certain of %s/%s, but the truth is %s/%s", v.ID, a.Layer, a.Cause, v.Layer, v.Cause)
			}
		}
		if v.LabelBy == "us" {
			continue // the cause was given by whoever collected the record
		}
		answered++
		if a.Confidence == UnknownConfidence {
			t.Logf("unknown: %s (%s/%s): %d %q %q", v.ID, v.Layer, v.Cause, v.Response.Status, v.Response.Headers, v.Response.Body)
			continue
		}
		known++
		candidates += len(a.Candidates)
		if slices.Contains(truths, a.Layer) {
			best++
		}
		if slices.ContainsFunc(a.Candidates, func(c Candidate) bool { return slices.Contains(truths, c.Layer) }) {
			among++
		} else {
			t.Logf("miss: %s: got %v by %v, truth %s/%s: %d %q", v.ID, a.Candidates, a.Because, v.Layer, v.Cause, v.Response.Status, v.Response.Body)
		}
	}
	t.Logf("%d vectors, %d of a known shape; true layer among the candidates: %d (%.1f %%), named first: %d; %d certain; %.1f candidates on average",
		answered, known, among, 100*float64(among)/float64(answered), best, certain, float64(candidates)/float64(known))
	if float64(among) < 0.98*float64(answered) {
		t.Errorf("true layer among the candidates: got %d of %d, want at least 98 %%", among, answered)
	}
}

// TestEveryRecordedFingerprintHasAVector keeps the grade honest.
func TestEveryRecordedFingerprintHasAVector(t *testing.T) {
	hit := make(map[string]bool)
	for _, v := range recorded(t) {
		if f := fingerprintOf(group(&Plan{}, []Exchange{{Observation: v.transcript().observe()}}, nil)[0]); f != nil {
			hit[f.name] = true
		}
	}
	for _, f := range slices.Concat(fingerprints, httpFingerprints, socketFingerprints, elsewhere) {
		if f.grade == Recorded && !hit[f.name] {
			t.Errorf("fingerprint %q: graded recorded, but no vector has its shape", f.name)
		}
	}
}

// TestReadingsOfRecordings shows how each recording is read today, so that no change of a row goes unseen.
func TestReadingsOfRecordings(t *testing.T) {
	t.Parallel()
	checkGolden(t, "recorded.golden", []byte(readAll(recorded(t))))
}

// readAll is a line for each recording: how sure the layer is, and every cause that stays possible.
func readAll(vectors []vector) string {
	var b strings.Builder
	for _, v := range vectors {
		fmt.Fprintf(&b, "%s: %s\n", v.ID, inWords(v.attribute()))
	}
	return b.String()
}
