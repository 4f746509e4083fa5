package manifest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimerOf(t *testing.T) {
	for schedule, want := range map[string]timer{
		"*/15 * * * *":          {Calendar: []string{"*-*-* *:0/15:00"}},
		"5 4 * * *":             {Calendar: []string{"*-*-* 4:5:00"}},
		"0,30 8-18/2 * * *":     {Calendar: []string{"*-*-* 8..18/2:0,30:00"}},
		"0 0 1 jan,JUL *":       {Calendar: []string{"*-1,7-1 0:0:00"}},
		"0 0 */2 */3 *":         {Calendar: []string{"*-1/3-1/2 0:0:00"}},
		"0 9 * * mon-fri":       {Calendar: []string{"Mon,Tue,Wed,Thu,Fri *-*-* 9:0:00"}},
		"0 9 * * 5-7":           {Calendar: []string{"Sun,Fri,Sat *-*-* 9:0:00"}},
		"0 9 * * 1/2":           {Calendar: []string{"Mon,Wed,Fri *-*-* 9:0:00"}},
		"0 9 13 * 5":            {Calendar: []string{"*-*-13 9:0:00", "Fri *-*-* 9:0:00"}},
		"@daily":                {Calendar: []string{"*-*-* 0:0:00"}},
		"@weekly":               {Calendar: []string{"Sun *-*-* 0:0:00"}},
		"@every 90s":            {Interval: 90 * time.Second},
		"30 2 ? * ?":            {Calendar: []string{"*-*-* 2:30:00"}},
		"15 3,4 1-7,15 */6 */2": {Calendar: []string{"*-1/6-1..7,15 3,4:15:00", "Sun,Tue,Thu,Sat *-1/6-* 3,4:15:00"}},
	} {
		got, err := timerOf(schedule, "")
		if err != nil {
			t.Errorf("%s: %v", schedule, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", schedule, diff)
		}
		if path, err := exec.LookPath("systemd-analyze"); err == nil {
			for _, line := range got.Calendar {
				if out, err := exec.Command(path, "calendar", line).CombinedOutput(); err != nil {
					t.Errorf("%s: systemd-analyze calendar: %v\n%s", schedule, err, out)
				}
			}
		}
	}
}

func TestTimerOfNonsense(t *testing.T) {
	for _, schedule := range []string{"", "* * *", "@every soon", "0 0 * * noday", "0 0 * * 9", "0 0 * * */x"} {
		if got, err := timerOf(schedule, ""); err == nil {
			t.Errorf("%q: got %v, want an error", schedule, got)
		}
	}
}

func TestUnitsAreVerified(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	dir := t.TempDir()
	var units []string
	for name, text := range written(t, systemd, "# /etc/systemd/system/") {
		path := filepath.Join(dir, name)
		text = strings.ReplaceAll(text, "/usr/local/bin/probe", "/bin/true") // which must be there
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		units = append(units, path)
	}
	if len(units) != 4 {
		t.Fatalf("got units %q, want a service and a timer for each environment", units)
	}
	out, err := exec.Command(analyze, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "probe-") {
			t.Error(line)
		}
	}
	if err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
