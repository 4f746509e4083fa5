package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"apigwprobe/probe"
)

// readResult reads the document of a run; the file "-" is in.
func readResult(file string, in io.Reader) (probe.Report, error) {
	name := "standard input"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return probe.Report{}, fmt.Errorf("reading %q: %w", file, withoutPath(err))
		}
		defer f.Close()
		in, name = f, fmt.Sprintf("%q", file)
	}
	var r probe.Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return probe.Report{}, fmt.Errorf("reading %s: got no result of probe run --format json: %w", name, err)
	}
	if r.Version != probe.SchemaVersion {
		return probe.Report{}, fmt.Errorf("reading %s: got a result of version %d, want %d", name, r.Version, probe.SchemaVersion)
	}
	return r, nil
}
