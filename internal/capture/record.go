package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"apigwprobe/probe"
)

// Truth is what really refused a request, by whoever knows it beforehand. Its fields are empty where nobody does.
type Truth struct {
	Layer probe.Layer
	Cause probe.Cause
}

// Vector is a recorded rejection with its true cause, in the form of probe/testdata/recorded.jsonl, which [Read] reads.
type Vector struct {
	ID         string         `json:"id"`
	Source     string         `json:"source"`
	SourceKind string         `json:"source_kind"`
	APIType    string         `json:"api_type"`
	Endpoint   string         `json:"endpoint"`
	Request    VectorRequest  `json:"request"`
	Response   VectorResponse `json:"response"`
	Layer      probe.Layer    `json:"layer"`
	Cause      probe.Cause    `json:"cause"`
	Certainty  string         `json:"certainty"` // recorded, or empty without a cause
	LabelBy    string         `json:"label_by"`  // calibration, or empty without a cause
}

// VectorRequest is what was sent, without secrets.
type VectorRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Note    string            `json:"note"`
}

// VectorResponse is what came, without secrets.
type VectorResponse struct {
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	Fidelity string            `json:"body_fidelity"` // verbatim, or excerpt: cut off or redacted
}

// WriteVectors writes the answers of a run that were rejections, each on a line of its own. types are the APIs' by name.
func WriteVectors(w io.Writer, rep probe.Report, types map[string]probe.APIType, truth func(probe.Result) Truth) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, list := range [][]probe.Result{rep.Results, rep.Extra} {
		for _, res := range list {
			if !rejected(res) {
				continue
			}
			v := vectorOf(rep.Run, res, truth(res))
			if v.APIType = string(types[res.API]); v.APIType == "" {
				v.APIType = "unknown"
			}
			if err := e.Encode(v); err != nil {
				return fmt.Errorf("writing vectors: %w", err)
			}
		}
	}
	return nil
}

// rejected reports whether an answer came that let the request through to nothing.
func rejected(res probe.Result) bool {
	return res.Request != nil && res.Observed != nil && res.Observed.Answered() &&
		(res.Attribution == nil || res.Attribution.Layer != probe.None)
}

func vectorOf(run probe.RunInfo, res probe.Result, truth Truth) Vector {
	o := res.Observed
	v := Vector{
		ID: run.ID + "|" + res.ID, Source: fmt.Sprintf("probe %s on %s", run.ProbeVersion, run.Started.UTC().Format(time.DateOnly)),
		SourceKind: "probe-run", Endpoint: string(res.Access),
		Request: VectorRequest{Method: res.Request.Method, URL: res.Request.URL, Headers: res.Request.Headers, Note: res.Scenario},
		Response: VectorResponse{
			Status: o.Status, Headers: o.Headers, Body: o.Body, Fidelity: "excerpt",
		},
		Layer: truth.Layer, Cause: truth.Cause,
	}
	if res.Access == probe.AccessVPCEndpoint {
		v.Endpoint = "private"
	}
	if sum := sha256.Sum256([]byte(o.Body)); hex.EncodeToString(sum[:]) == o.BodySHA256 {
		v.Response.Fidelity = "verbatim"
	}
	if truth != (Truth{}) {
		v.Certainty, v.LabelBy = "recorded", "calibration"
	}
	return v
}
