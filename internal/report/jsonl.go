package report

import (
	"io"

	"apigwprobe/probe"
)

var jsonlFormat = Format{
	Name: "jsonl",
	Help: "one result a line, as soon as its API is finished, for log pipelines",
	New:  newJSONL,
}

func newJSONL(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		api, ok := e.(probe.APIFinished)
		if !ok {
			return nil
		}
		for _, res := range api.Results {
			if err := writeJSON(w, wholeResult(res), ""); err != nil {
				return err
			}
		}
		return nil
	}
}
