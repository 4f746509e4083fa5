package config

import (
	"strings"
	"time"
)

// Maintenance is a window in which failures are expected: For so long each time that Schedule says, or once From, Until.
type Maintenance struct {
	Schedule string // five cron fields; empty: once
	Timezone string // of the schedule, an IANA name; empty: UTC
	For      time.Duration
	From     time.Time
	Until    time.Time
	Reason   string
	Pause    bool // nothing is probed, either
}

// Maintenance are the windows of an environment.
func (f *File) Maintenance(environment string) ([]Maintenance, error) {
	if err := f.known(environment); err != nil {
		return nil, err
	}
	outer := layers{f.top.field("environments").field(environment), f.top.field("defaults")}
	var windows []Maintenance
	for _, n := range items(outer.find("maintenance")) {
		windows = append(windows, Maintenance{
			Schedule: dataOf[string](n.field("schedule")),
			Timezone: dataOf[string](outer.find("timezone")),
			For:      dataOf[time.Duration](n.field("for")),
			From:     dataOf[time.Time](n.field("from")),
			Until:    dataOf[time.Time](n.field("until")),
			Reason:   dataOf[string](n.field("reason")),
			Pause:    dataOf[bool](n.field("pause")),
		})
	}
	return windows, nil
}

const maintenanceWant = `{schedule: "0 22 * * 0", for: 2h, reason: …} or {from: …, until: …, reason: …}`

func checkMaintenance(c *checker, n *node) {
	has := func(key string) bool { return n.field(key) != nil }
	again, once := has("schedule") && has("for"), has("from") && has("until")
	if again == once || has("schedule") != has("for") || has("from") != has("until") {
		c.wrong.add(n.at, `maintenance: got other keys, want "schedule" with "for", or "from" with "until"`)
		return
	}
	from, until := dataOf[time.Time](n.field("from")), dataOf[time.Time](n.field("until"))
	if once && !from.IsZero() && !until.IsZero() && !until.After(from) {
		c.wrong.add(n.field("until").at, `"until": got an end before "from", want one after it`)
	}
}

// fiveFields is a schedule that names times, not distances.
func fiveFields(c *checker, v *value) (any, *wrong) {
	if strings.HasPrefix(v.text, "@every") {
		return nil, &wrong{want: `five cron fields (minute, hour, day, month, weekday) such as "0 22 * * 0"`}
	}
	return schedule(c, v)
}

func instant(_ *checker, v *value) (any, *wrong) {
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		return nil, &wrong{want: "a time such as 2027-01-31T22:00:00Z"}
	}
	return t, nil
}
