package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

// recording is the report of --record: test vectors of the rejections of a run.
func recording(plan *probe.Plan, truth func(probe.Result) capture.Truth) report.Format {
	types := make(map[string]probe.APIType)
	for _, api := range plan.APIs {
		types[api.Name] = api.Type
	}
	return report.Format{Name: "--record", New: func(w io.Writer, _ report.Options) report.Sink {
		return func(e probe.Event) error {
			if end, ok := e.(probe.RunFinished); ok {
				return capture.WriteVectors(w, end.Report, types, truth)
			}
			return nil
		}
	}}
}

// addRecording adds the file for the vectors of a run that begins now. No run takes the place of another.
func (o *runOptions) addRecording(plan *probe.Plan, add func(report.Format, string) error) error {
	if err := os.MkdirAll(o.record, 0o700); err != nil {
		return fmt.Errorf("recording to %q: %w", o.record, withoutPath(err))
	}
	name := o.environment + time.Now().UTC().Format(".20060102T150405.000") + ".jsonl"
	return add(recording(plan, unknownTruth), filepath.Join(o.record, name))
}

// unknownTruth is what is known beforehand of APIs that nobody made for calibration.
func unknownTruth(probe.Result) capture.Truth { return capture.Truth{} }
