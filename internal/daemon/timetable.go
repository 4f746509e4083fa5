package daemon

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Timetable says when an environment is probed. The zero value means never.
//
// Times of five-field expressions are those of the clock on the wall: one that daylight saving leaves out is skipped, and
// one that it repeats comes once, but for expressions of every hour, which go on as real time does. Intervals are counted
// from an instant that the environment's name alone decides, so that many environments spread out, and start at the same
// times after a restart.
type Timetable struct {
	spec  *cron.SpecSchedule
	zone  *time.Location
	every time.Duration
	phase time.Duration
}

// NewTimetable reads a schedule, which may be empty, and the IANA name of its zone, empty for UTC. The name spreads intervals.
func NewTimetable(name, schedule, timezone string) (Timetable, error) {
	if schedule == "" {
		return Timetable{}, nil
	}
	zone, err := time.LoadLocation(timezone) // "" is UTC
	if err != nil {
		return Timetable{}, fmt.Errorf("loading time zone %q: %w", timezone, err)
	}
	if strings.Contains(schedule, "TZ=") { // on some of which the parser panics
		return Timetable{}, fmt.Errorf("reading schedule %q: got a time zone in it, want it apart", schedule)
	}
	parsed, err := cron.ParseStandard(schedule)
	if err != nil {
		return Timetable{}, fmt.Errorf("reading schedule %q: %w", schedule, err)
	}
	switch s := parsed.(type) {
	case *cron.SpecSchedule:
		return Timetable{spec: s, zone: zone}, nil
	case cron.ConstantDelaySchedule:
		h := fnv.New64a()
		_, _ = h.Write([]byte(name)) // which never fails
		seconds := uint64(s.Delay / time.Second)
		return Timetable{every: s.Delay, phase: time.Duration(h.Sum64()%seconds) * time.Second, zone: zone}, nil
	default:
		return Timetable{}, fmt.Errorf("reading schedule %q: got an unknown kind", schedule)
	}
}

// Next is the first time after an instant, or the zero time if there is none.
func (t Timetable) Next(after time.Time) time.Time {
	switch {
	case t.every > 0:
		since := after.Sub(time.Unix(0, 0).Add(t.phase))
		whole := since - since%t.every
		if since < 0 && whole != since {
			whole -= t.every
		}
		return time.Unix(0, 0).Add(t.phase + whole + t.every).In(t.zone)
	case t.spec != nil:
		return t.nextOnTheWall(after)
	default:
		return time.Time{}
	}
}

// nextOnTheWall asks the expression on a clock that knows no daylight saving, one stretch of equal offset after the other.
func (t Timetable) nextOnTheWall(after time.Time) time.Time {
	at := after.In(t.zone)
	for {
		start, end := at.ZoneBounds()
		_, seconds := at.Zone()
		offset := time.Duration(seconds) * time.Second
		from := after
		if from.Before(start) {
			from = start.Add(-1) // the first instant of the stretch counts
		}
		wall := t.spec.Next(from.UTC().Add(offset))
		next := wall.Add(-offset).In(t.zone)
		switch {
		case wall.IsZero():
			return wall
		case !end.IsZero() && !next.Before(end):
			at = end
		case repeated(next) && !t.hourly():
			after, at = next, next
		default:
			return next
		}
	}
}

// hourly reports whether the expression leaves no hour out.
func (t Timetable) hourly() bool {
	const all = 1<<24 - 1
	return t.spec.Hour&all == all
}

// repeated reports whether the clock on the wall has shown the time of an instant before, because it was set back.
func repeated(at time.Time) bool {
	start, _ := at.ZoneBounds()
	if start.IsZero() {
		return false
	}
	_, now := at.Zone()
	_, before := start.Add(-time.Second).Zone()
	return at.Sub(start) < time.Duration(before-now)*time.Second
}

// maxMissed bounds how many missed times are counted: a clock that was wrong by decades has missed millions.
const maxMissed = 10_000

// due counts the times after one instant until another, which is included, and returns the last of them.
func (t Timetable) due(after, until time.Time) (n int, last time.Time) {
	for next := t.Next(after); !next.IsZero() && !next.After(until) && n < maxMissed; next = t.Next(next) {
		n, last = n+1, next
	}
	return n, last
}
