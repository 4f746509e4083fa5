package cli

import (
	"time"

	"apigwprobe/internal/daemon"
)

// month is what costs are told for.
const month = 30 * 24 * time.Hour

// runsAMonth counts how often a schedule fires in the thirty days after now.
func runsAMonth(schedule, timezone string, now time.Time) (int, error) {
	table, err := daemon.NewTimetable("", schedule, timezone)
	if err != nil {
		return 0, err
	}
	runs, end := 0, now.Add(month)
	for at := table.Next(now); !at.IsZero() && !at.After(end); at = table.Next(at) {
		runs++
	}
	return runs, nil
}
