package daemon

import (
	"time"

	"apigwprobe/probe"
)

// Meter counts what the scheduler does.
type Meter interface {
	See(probe.Event)
	SkippedRun(environment, why string)
	MissedRuns(environment string, n int)
	FailedRun(environment string)             // it broke before it had a report
	NextRun(environment string, at time.Time) // zero: never
	Lag(environment string, d time.Duration)
	Reloaded(ok bool)
}

// nobody counts nothing.
type nobody struct{}

var _ Meter = nobody{}

func (nobody) See(probe.Event)           {}
func (nobody) SkippedRun(string, string) {}
func (nobody) MissedRuns(string, int)    {}
func (nobody) FailedRun(string)          {}
func (nobody) NextRun(string, time.Time) {}
func (nobody) Lag(string, time.Duration) {}
func (nobody) Reloaded(bool)             {}
