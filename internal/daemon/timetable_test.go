package daemon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each zone sets its clocks in its own way: by an hour at night, at midnight, by half an hour, not at all.
var zones = []string{
	"UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Santiago", "America/Havana", "Australia/Lord_Howe",
	"Asia/Kolkata", "Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut",
}

// TestTimetableAgainstClock compares with somebody who looks at the clock on the wall every minute of the days around each
// change of some years.
func TestTimetableAgainstClock(t *testing.T) {
	schedules := map[string]func(w time.Time) bool{
		"30 2 * * *": func(w time.Time) bool { return w.Hour() == 2 && w.Minute() == 30 },
		"30 1 * * *": func(w time.Time) bool { return w.Hour() == 1 && w.Minute() == 30 },
		"0 0 * * *":  func(w time.Time) bool { return w.Hour() == 0 && w.Minute() == 0 },
		"45 1-2 * * 0": func(w time.Time) bool {
			return w.Weekday() == 0 && w.Minute() == 45 && (w.Hour() == 1 || w.Hour() == 2)
		},
		"*/20 * * * *": func(w time.Time) bool { return w.Minute()%20 == 0 },
		"15 */2 * 3,10 *": func(w time.Time) bool {
			return w.Minute() == 15 && w.Hour()%2 == 0 && (w.Month() == 3 || w.Month() == 10)
		},
	}
	compared := 0
	for _, zone := range zones {
		for schedule, matches := range schedules {
			table, err := NewTimetable("prod", schedule, zone)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range changes(t, table.zone) {
				start, end := change.Add(-49*time.Hour), change.Add(49*time.Hour)
				want := onTheWall(table.zone, start, end, matches, strings.Fields(schedule)[1] == "*")
				var got []string
				for at := table.Next(start); !at.After(end); at = table.Next(at) {
					got = append(got, at.UTC().Format(time.RFC3339))
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s in %s around %v: (-want +got)\n%s", schedule, zone, change, cmp.Diff(want, got))
				}
				compared += len(want)
			}
		}
	}
	if compared < 5000 {
		t.Errorf("compared %d times, want more", compared)
	}
}

// changes are the instants of some years at which a zone sets its clocks, and one ordinary day.
func changes(t *testing.T, zone *time.Location) []time.Time {
	t.Helper()
	list := []time.Time{time.Date(2026, 6, 15, 12, 0, 0, 0, zone)}
	for _, year := range []int{2011, 2017, 2026} { // Apia skipped a day in 2011; Sao Paulo had summer time in 2017
		at := time.Date(year, 1, 1, 0, 0, 0, 0, zone)
		for _, end := at.ZoneBounds(); !end.IsZero() && end.Year() == year; _, end = end.ZoneBounds() {
			list = append(list, end)
		}
	}
	return list
}

// onTheWall looks at the clock every minute. A reading of a day counts once, unless it is of every hour.
func onTheWall(zone *time.Location, start, end time.Time, matches func(time.Time) bool, everyHour bool) []string {
	var times []string
	seen := make(map[string]bool)
	for at := start.Add(-24 * time.Hour); !at.After(end); at = at.Add(time.Minute) {
		w := at.In(zone)
		reading := w.Format("2006-01-02 15:04")
		if matches(w) && (everyHour || !seen[reading]) && at.After(start) {
			times = append(times, at.UTC().Format(time.RFC3339))
		}
		seen[reading] = true
	}
	return times
}

func TestTimetableDaylightSaving(t *testing.T) {
	for _, tt := range []struct {
		schedule, zone, after string
		want                  []string
	}{
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}},
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}},
		{"0 0 * * *", "America/Havana", "2026-03-08T04:30:00Z", []string{"2026-03-09T04:00:00Z"}}, // midnight is left out
		{"@every 1h", "Europe/Berlin", "2026-10-25T00:30:00Z", []string{"2026-10-25T00:31:00Z", "2026-10-25T01:31:00Z"}},
		{"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
	} {
		table, err := NewTimetable("prod", tt.schedule, tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, tt.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range tt.want {
			at = table.Next(at)
			got = append(got, at.UTC().Format(time.RFC3339))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s in %s: (-want +got)\n%s", tt.schedule, tt.zone, diff)
		}
	}
}

// Intervals do not depend on when somebody asks, stay in their own time, and spread by the name.
func TestTimetableIntervals(t *testing.T) {
	phases := make(map[time.Duration]bool)
	for i := range 200 {
		table, err := NewTimetable(fmt.Sprintf("environment-%d", i), "@every 5m", "")
		if err != nil {
			t.Fatal(err)
		}
		phases[table.phase/time.Minute] = true
		start := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
		first := table.Next(start)
		for d := time.Duration(0); d < first.Sub(start); d += 7 * time.Second {
			if got := table.Next(start.Add(d)); !got.Equal(first) {
				t.Fatalf("after %v: got %v, want %v", d, got, first)
			}
		}
		if got, want := table.Next(first), first.Add(5*time.Minute); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		early := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
		if got := table.Next(early); !got.After(early) || got.Sub(early) > 5*time.Minute {
			t.Errorf("got %v, want within five minutes of %v", got, early)
		}
	}
	if len(phases) != 5 {
		t.Errorf("got starts in %d of 5 minutes, want all", len(phases))
	}
}

func TestTimetableMistakes(t *testing.T) {
	for _, tt := range []struct{ schedule, zone, want string }{
		{"* * * *", "", `reading schedule "* * * *": expected exactly 5 fields, found 4: [* * * *]`},
		{"TZ=UTC", "", `reading schedule "TZ=UTC": got a time zone in it, want it apart`},
		{"@daily", "Mars/Olympus", `loading time zone "Mars/Olympus": unknown time zone Mars/Olympus`},
	} {
		_, err := NewTimetable("prod", tt.schedule, tt.zone)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q in %q: got %v, want %s", tt.schedule, tt.zone, err, tt.want)
		}
	}
}

func TestDue(t *testing.T) {
	table, err := NewTimetable("prod", "*/15 * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		until time.Time
		n     int
		last  time.Time
	}{
		{at.Add(14 * time.Minute), 0, time.Time{}},
		{at.Add(15 * time.Minute), 1, at.Add(15 * time.Minute)},
		{at.Add(61 * time.Minute), 4, at.Add(time.Hour)},
		{at.AddDate(30, 0, 0), maxMissed, at.Add(maxMissed * 15 * time.Minute)},
	} {
		if n, last := table.due(at, tt.until); n != tt.n || !last.Equal(tt.last) {
			t.Errorf("until %v: got %d, %v, want %d, %v", tt.until, n, last, tt.n, tt.last)
		}
	}
	if n, _ := (Timetable{}).due(at, at.AddDate(1, 0, 0)); n != 0 {
		t.Errorf("without a schedule: got %d times, want none", n)
	}
}
