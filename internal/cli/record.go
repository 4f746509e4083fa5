package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/manifest"
	"apigwprobe/internal/report"
	"apigwprobe/probe"
)

// recording is the report of --record: test vectors of the rejections of a run.
func recording(plan *probe.Plan) report.Format {
	types := make(map[string]probe.APIType)
	for _, api := range plan.APIs {
		types[api.Name] = api.Type
	}
	return report.Format{Name: "--record", New: func(w io.Writer, _ report.Options) report.Sink {
		return func(e probe.Event) error {
			if end, ok := e.(probe.RunFinished); ok {
				return capture.WriteVectors(w, end.Report, types, calibrated)
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
	return add(recording(plan), filepath.Join(o.record, name))
}

// calibrated is what the APIs of the calibration template are made to refuse for; of others nothing is known beforehand.
func calibrated(res probe.Result) capture.Truth {
	layer, cause := manifest.CalibratedCause(res)
	return capture.Truth{Layer: layer, Cause: cause}
}
