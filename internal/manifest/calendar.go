package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timer is a schedule in the words of a systemd timer: Calendar lines any of which fires, or an Interval.
type timer struct {
	Calendar []string
	Interval time.Duration
}

var macros = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// timerOf turns a cron expression that the loader let pass into a timer. In cron a day of the month and a day of the week
// that are both given are alternatives, which takes two lines.
func timerOf(schedule, timezone string) (timer, error) {
	if interval, every := strings.CutPrefix(schedule, "@every "); every {
		d, err := time.ParseDuration(interval)
		return timer{Interval: d}, err
	}
	if plain, ok := macros[schedule]; ok {
		schedule = plain
	}
	fields := strings.Fields(schedule)
	if len(fields) != 5 {
		return timer{}, fmt.Errorf("reading schedule %q: got %d fields, want 5", schedule, len(fields))
	}
	minute, hour := numbers(fields[0], 0, nil), numbers(fields[1], 0, nil)
	day, month := numbers(fields[2], 1, nil), numbers(fields[3], 1, monthNames)
	weekdays, err := weekdays(fields[4])
	if err != nil {
		return timer{}, fmt.Errorf("reading schedule %q: %w", schedule, err)
	}
	line := func(weekdays, day string) string {
		return strings.Join(strings.Fields(fmt.Sprintf("%s *-%s-%s %s:%s:00 %s", weekdays, month, day, hour, minute, timezone)), " ")
	}
	if weekdays != "" && day != "*" {
		return timer{Calendar: []string{line("", day), line(weekdays, "*")}}, nil
	}
	return timer{Calendar: []string{line(weekdays, day)}}, nil
}

var monthNames = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// numbers is a field of cron as systemd has it. First is the smallest value, the start of a bare step.
func numbers(field string, first int, names []string) string {
	var parts []string
	for part := range strings.SplitSeq(strings.ToLower(field), ",") {
		values, step, stepped := strings.Cut(part, "/")
		if values == "*" || values == "?" {
			values = "*"
			if stepped {
				values = strconv.Itoa(first)
			}
		}
		for i, name := range names {
			values = strings.ReplaceAll(values, name, strconv.Itoa(first+i))
		}
		values = strings.ReplaceAll(values, "-", "..")
		if stepped {
			values += "/" + step
		}
		parts = append(parts, values)
	}
	if slices.Contains(parts, "*") {
		return "*"
	}
	return strings.Join(parts, ",")
}

var dayNames = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// weekdays lists the days of a field of cron, which counts from Sunday; "" for all.
func weekdays(field string) (string, error) {
	on := make([]bool, len(dayNames))
	for part := range strings.SplitSeq(field, ",") {
		values, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(values, "-")
		every := 1
		if values == "*" || values == "?" {
			from, to, ranged = "0", "6", true
		}
		first, err := weekday(from)
		if err != nil {
			return "", err
		}
		last := first
		if ranged {
			if last, err = weekday(to); err != nil {
				return "", err
			}
		}
		if stepped {
			if every, err = strconv.Atoi(step); err != nil || every < 1 {
				return "", fmt.Errorf("got step %q, want a number", step)
			}
			if !ranged {
				last = len(dayNames) - 1
			}
		}
		for day := first; day <= last; day += every {
			on[day%len(on)] = true
		}
	}
	var names []string
	for i, name := range dayNames {
		if on[i] {
			names = append(names, name)
		}
	}
	if len(names) == len(dayNames) {
		return "", nil
	}
	return strings.Join(names, ","), nil
}

func weekday(text string) (int, error) {
	for i, name := range dayNames {
		if strings.EqualFold(name, text) {
			return i, nil
		}
	}
	day, err := strconv.Atoi(text)
	if err != nil || day < 0 || day > len(dayNames) {
		return 0, fmt.Errorf("got weekday %q, want 0 to 6 or sun to sat", text)
	}
	return day, nil
}
