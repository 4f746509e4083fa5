package evidence

import (
	"context"
	"slices"
	"strings"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"
)

// stageLog is a log group that the stage writes to.
type stageLog struct {
	name, account string
	execution     bool
	format        capture.LogFormat // of an access log
	whole         bool              // it tells of what is accepted, too
	seen          bool              // it could be read
}

func (s stageLog) String() string {
	if s.execution {
		return "execution log " + s.name
	}
	return "access log " + s.name
}

// logged finds what the logs of the stage say of what was sent, and waits for them as long as it may.
func (l *look) logged() map[string][]probe.Evidence {
	logs, all := l.listen(func(logs []stageLog, all *requests) bool { return all.missing(logs) == 0 })
	if len(logs) == 0 || len(all.list) == 0 {
		return nil
	}
	return l.testimony(logs, all)
}

// listen reads the logs of the stage until it has heard enough, or the time is up.
func (l *look) listen(enough func([]stageLog, *requests) bool) ([]stageLog, *requests) {
	logs := l.stageLogs()
	all := newRequests(l.api, l.sent)
	if len(logs) == 0 || len(all.list) == 0 {
		return logs, all
	}
	for n, end := 0, time.Now().Add(l.Wait); ; n++ {
		for i := range logs {
			all.heard[i], logs[i].seen = l.entries(logs[i], all, n)
		}
		pause := min(firstPause<<min(n, 6), longestPause, time.Until(end))
		if pause <= 0 || enough(logs, all) || !sleep(l.ctx, pause) {
			return logs, all
		}
	}
}

// The pauses between two looks at a log.
const (
	firstPause   = time.Second
	longestPause = 15 * time.Second
)

// sleep reports whether it was not woken before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// stageLogs are the logs that the stage writes, as far as they can be read.
func (l *look) stageLogs() []stageLog {
	stage, _ := l.stageLogging()
	if stage == nil {
		return nil
	}
	var out []stageLog
	if stage.Destination != "" {
		if s, ok := l.accessLog(stage.Destination, stage.Format); ok {
			out = append(out, s)
		}
	}
	if slices.ContainsFunc(stage.Execution, ExecutionLevel.On) {
		whole := slices.ContainsFunc(stage.Execution, func(e ExecutionLevel) bool { return e.Level == "INFO" })
		out = append(out, stageLog{name: ExecutionGroup(l.api), account: accountIn(stage.Destination), execution: true, whole: whole})
	}
	return out
}

// accessLog is the group of an access log; it reports false if nobody can read it here. What the format does not tell is
// noted.
func (l *look) accessLog(destination, format string) (stageLog, bool) {
	group := GroupOf(destination)
	if group == "" {
		l.note("%s: the access log of stage %q was not read: it goes to %s", l.api.Name, l.api.Stage, destination)
		return stageLog{}, false
	}
	parsed, err := capture.ParseLogFormat(format)
	if err != nil {
		l.note("%s: the access log of stage %q was not read: its format: %v", l.api.Name, l.api.Stage, err)
		return stageLog{}, false
	}
	if lacks := parsed.Lacks(l.api.Type); len(lacks) > 0 {
		names := make([]string, len(lacks))
		for i, lack := range lacks {
			names[i] = "$context." + lack.Variable
		}
		l.note("%s: the access log of stage %q tells less than it could: its format lacks %s", l.api.Name, l.api.Stage, strings.Join(names, ", "))
	}
	return stageLog{name: group, account: accountIn(destination), whole: true, format: parsed}, true
}
