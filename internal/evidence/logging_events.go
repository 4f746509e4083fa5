package evidence

import (
	"context"
	"errors"
	"iter"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// LogEvent is one message in a log group.
type LogEvent struct {
	ID      string
	At      time.Time
	Message string
}

// Unread says why the messages of a log group cannot be read.
type Unread struct {
	Text  string // what is not seen, and why
	Final bool   // it will not be otherwise the next time
	err   error
}

func (u *Unread) Error() string { return u.Text }
func (u *Unread) Unwrap() error { return u.err }

var filterLogEvents = probe.Right{
	Call: "logs FilterLogEvents", Action: "logs:FilterLogEvents", Resource: "arn:{partition}:logs:{region}:{account}:log-group:{group}:*",
	Shows: "the entries of log group {group}",
}

// TailRights are the calls that following the logs of an API takes.
func TailRights() []probe.Right {
	return []probe.Right{getStage, getV2Stage, getCallerIdentity, filterLogEvents}
}

// Events are the messages of a log group since a time, asked for anew each time. An error ends the sequence; it is an
// [*Unread].
func (a *Account) Events(ctx context.Context, region, account, group string, since time.Time) iter.Seq2[LogEvent, error] {
	c := cloudwatchlogs.NewFromConfig(a.config, func(o *cloudwatchlogs.Options) { o.Region = region })
	return func(yield func(LogEvent, error) bool) {
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: aws.Int64(since.UnixMilli())}
		for {
			page, err := a.eventsPage(ctx, c, in)
			if err != nil {
				yield(LogEvent{}, unread(err, region, account, group))
				return
			}
			for _, e := range page.Events {
				if !yield(LogEvent{aws.ToString(e.EventId), time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), aws.ToString(e.Message)}, nil) {
					return
				}
			}
			if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
				return
			}
		}
	}
}

func (a *Account) eventsPage(ctx context.Context, c *cloudwatchlogs.Client, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	a.turns <- struct{}{}
	defer func() { <-a.turns }()
	return c.FilterLogEvents(ctx, in)
}

func unread(err error, region, account, group string) *Unread {
	if isAbsent(err) {
		return &Unread{"there is no log group " + group, true, err}
	}
	names := []string{"account", account, "group", group}
	return &Unread{"not seen: " + unanswered(filterLogEvents, err, region, names...), isDenied(err) || errors.Is(err, errBudget), err}
}
