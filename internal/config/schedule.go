package config

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

const scheduleWant = `five cron fields (minute, hour, day, month, weekday) such as "*/15 * * * *", or "@every 15m"`

// schedule is a standard cron expression that fires at some time.
func schedule(_ *checker, v *value) (any, *wrong) {
	if strings.Contains(v.text, "TZ=") {
		return nil, &wrong{"a time zone in the schedule", scheduleWant + "; the zone stands under timezone"}
	}
	s, ok := parseCron(v.text)
	if !ok {
		return nil, &wrong{want: scheduleWant}
	}
	// A leap year comes within eight years; the package itself gives up after five.
	from := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	if s.Next(from).IsZero() {
		return nil, &wrong{want: "a schedule that fires: no month has that day"}
	}
	return v.text, nil
}

// parseCron guards against the panics of the package and against intervals that it rounds up silently.
func parseCron(expression string) (s cron.Schedule, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if interval, every := strings.CutPrefix(expression, "@every "); every {
		if d, err := time.ParseDuration(interval); err != nil || d < time.Second {
			return nil, false
		}
	}
	s, err := cron.ParseStandard(expression)
	return s, err == nil
}

// timezone is an IANA name. "Local" would mean another zone on each machine.
func timezone(_ *checker, v *value) (any, *wrong) {
	if _, err := time.LoadLocation(v.text); err != nil || v.text == "" || v.text == "Local" {
		return nil, &wrong{want: "a time zone such as Europe/Dublin"}
	}
	return v.text, nil
}
