package cli

import (
	"testing"
	"time"
)

func TestRunsAMonth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		schedule, timezone, from string
		want                     int
	}{
		{"*/15 * * * *", "", "2026-11-01T00:00:00Z", 2880},
		{"@every 15m", "Europe/Dublin", "2026-11-01T00:07:00Z", 2880},
		{"@daily", "", "2026-11-01T12:00:00Z", 30},
		{"0 9 * * 1", "Asia/Tokyo", "2026-11-01T00:00:00Z", 5},
		{"30 2 * * *", "Europe/Dublin", "2026-03-15T00:00:00Z", 30},
		{"30 1 * * *", "Europe/Dublin", "2026-03-15T00:00:00Z", 29}, // one night has no such time
		{"0 0 31 12 *", "", "2026-06-01T00:00:00Z", 0},
	} {
		from, err := time.Parse(time.RFC3339, tt.from)
		if err != nil {
			t.Fatal(err)
		}
		got, err := runsAMonth(tt.schedule, tt.timezone, from)
		if err != nil || got != tt.want {
			t.Errorf("%s in %q: got %d, %v, want %d", tt.schedule, tt.timezone, got, err, tt.want)
		}
	}
}
