package daemon

import (
	"time"

	"apigwprobe/internal/metrics"
	"apigwprobe/probe"
)

// Meter counts what the scheduler does.
type Meter interface {
	Expect(*probe.Matrix)
	Forget(environment string)
	See(probe.Event)
	Recall(probe.Report)                             // a run of an earlier process
	Failed(environment string)                       // a run broke before it had a report
	Scheduled(environment string, next time.Time)    // zero: never
	Started(environment string, after time.Duration) // it was due
	Skipped(environment string, why metrics.SkipReason)
	Missed(environment string, runs int)
	Reloaded(ok bool, at time.Time)
	Delivered(destination string, ok bool)
	Destination(name string)
	Alerts(open map[string]int) // by severity
}

var _ Meter = (*metrics.Metrics)(nil)
