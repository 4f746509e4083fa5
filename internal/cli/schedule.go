package cli

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// month is what costs are told for.
const month = 30 * 24 * time.Hour

// runsAMonth counts how often a schedule fires in the thirty days after now.
func runsAMonth(schedule, timezone string, now time.Time) (int, error) {
	zone, err := time.LoadLocation(timezone) // "" is UTC
	if err != nil {
		return 0, fmt.Errorf("loading time zone %q: %w", timezone, err)
	}
	s, err := cron.ParseStandard(schedule)
	if err != nil {
		return 0, fmt.Errorf("reading schedule %q: %w", schedule, err)
	}
	runs, end := 0, now.Add(month)
	for at := s.Next(now.In(zone)); !at.IsZero() && !at.After(end); at = s.Next(at) {
		runs++
	}
	return runs, nil
}
