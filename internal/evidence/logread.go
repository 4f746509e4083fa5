package evidence

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	pagesUnfiltered = 4  // of a group, each with up to 10,000 events; what is busier is asked for ids
	idsAtOnce       = 24 // a filter pattern has up to 1,024 characters
)

// entries reads the entries that a log has of the requests, and reports whether it could. The n-th look asks anew.
func (l *look) entries(s stageLog, all *requests, n int) ([]probe.Transcript, bool) {
	client := l.logs()
	found, got := ask(l, filterLogEvents, func(ctx context.Context) ([]types.FilteredLogEvent, error) {
		return all.eventsIn(ctx, client, s)
	}, "account", account(s.account), "group", s.name, "api", l.api.ID, "stage", l.api.Stage, "look", strconv.Itoa(n))
	switch got {
	case absent:
		l.note("%s: %s: there is no such log group", l.api.Name, s)
		return nil, false
	case unseen:
		return nil, false
	}
	if s.execution {
		return executed(found), true
	}
	var out []probe.Transcript
	for _, e := range found {
		t, ok := s.format.Entry(aws.ToString(e.Message))
		if t.At.IsZero() {
			t.At = time.UnixMilli(aws.ToInt64(e.Timestamp))
		}
		if ok {
			out = append(out, t)
		}
	}
	return out, true
}

// account is that of a group, of which none is known if the stage has no access log.
func account(id string) string {
	if id == "" {
		return "*"
	}
	return id
}

// eventsIn reads the events that bear an id of the requests. A group is read whole for the time of the run, and by the
// ids if much else is written to it.
func (r *requests) eventsIn(ctx context.Context, c *cloudwatchlogs.Client, s stageLog) ([]types.FilteredLogEvent, error) {
	in := cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &s.name, StartTime: aws.Int64(r.since.UnixMilli()), EndTime: aws.Int64(r.until.UnixMilli()),
	}
	whole, more, err := r.pages(ctx, c, in, pagesUnfiltered)
	if err != nil || !more {
		return whole, err
	}
	var out []types.FilteredLogEvent
	for ids := range slices.Chunk(r.ids, idsAtOnce) {
		in.FilterPattern = aws.String(`?"` + strings.Join(ids, `" ?"`) + `"`)
		some, _, err := r.pages(ctx, c, in, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// pages reads up to so many pages, 0 for all, and reports whether there are more.
func (r *requests) pages(ctx context.Context, c *cloudwatchlogs.Client, in cloudwatchlogs.FilterLogEventsInput, most int) ([]types.FilteredLogEvent, bool, error) {
	var out []types.FilteredLogEvent
	for n := 1; ; n++ {
		page, err := c.FilterLogEvents(ctx, &in)
		if err != nil {
			return nil, false, err
		}
		for _, e := range page.Events {
			if r.concerns(aws.ToString(e.Message)) {
				out = append(out, e)
			}
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return out, false, nil
		}
		if n == most {
			return nil, true, nil
		}
	}
}

// executed are the requests of the events of an execution log.
func executed(events []types.FilteredLogEvent) []probe.Transcript {
	slices.SortStableFunc(events, func(a, b types.FilteredLogEvent) int {
		return int(aws.ToInt64(a.Timestamp) - aws.ToInt64(b.Timestamp))
	})
	var lines strings.Builder
	for _, e := range events {
		at := time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC().Format("2006-01-02T15:04:05.000Z")
		text, _, _ := strings.Cut(aws.ToString(e.Message), "\n")
		fmt.Fprintf(&lines, "%s %s\n", at, text)
	}
	var out []probe.Transcript
	for t, err := range capture.Read(strings.NewReader(lines.String()), "log", capture.LogFormat{}) {
		if err != nil {
			return out
		}
		out = append(out, t)
	}
	return out
}
