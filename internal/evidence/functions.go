package evidence

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Functions looks at the authorizer of a route and at the functions that API Gateway calls for it, and calls nothing:
// whether the right request bears what the authorizer looks at, who may invoke the functions, and what the authorizer's
// wrote between two times.
func (a *Account) Functions(ctx context.Context, s Subject, from, to time.Time) []Check {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	r, ok := a.inspectRoute(ctx, s)
	if !ok {
		return r.result()
	}
	if z := r.authorizer; z != nil {
		r.identitySources(z)
		r.token(z)
		r.asEdited()
		if z.function.arn != "" {
			r.permission(z.function, z, probe.LambdaAuthorizer, "lambda-authorizer-misconfigured")
			r.log(z.function, from, to)
		}
	} else if r.unseenAuthorizer != "" {
		r.found(Check{Name: "authorizer", Layer: probe.LambdaAuthorizer}, Unseen, "%s", r.unseenAuthorizer)
	}
	if r.function.arn != "" {
		r.permission(r.function, nil, probe.Integration, "lambda-permission-missing")
	} else if r.unseenFunction != "" {
		r.found(Check{Name: "integration", Layer: probe.Integration}, Unseen, "%s", r.unseenFunction)
	}
	return r.result()
}

// permission asks the policy of a function whether API Gateway may invoke it, for an authorizer or, if that is nil, for
// the method.
func (r *route) permission(f function, z *authorizer, layer probe.Layer, cause probe.Cause) {
	c := Check{Name: "permission to invoke the integration " + f.name, Layer: layer, Cause: cause}
	if z != nil {
		c.Name = "permission to invoke the authorizer " + f.name
	}
	if f.role != "" {
		r.found(c, Unseen, "API Gateway invokes it as %s, whose policies were not read", f.role)
		return
	}
	client := lambda.NewFromConfig(r.config, func(o *lambda.Options) { o.Region = f.region })
	policy, got := ask(&r.look, getFunctionPolicy, func(ctx context.Context) (*lambda.GetPolicyOutput, error) {
		return client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &f.arn})
	}, f.names()...)
	switch {
	case got == absent:
		r.found(c, Wrong, "the function has no policy, or there is no such function: API Gateway may not invoke it")
		return
	case len(r.notes) > 0:
		r.missed(c)
		return
	}
	d, err := parseDocument([]byte(aws.ToString(policy.Policy)))
	if err != nil {
		r.found(c, Unseen, "its policy cannot be read: %v", err)
		return
	}
	said := make([]opinion, 0, 2)
	sources := r.sourceARNs(z)
	for _, source := range sources {
		said = append(said, d.on(question{
			action: "lambda:InvokeFunction", resource: f.arn, service: "apigateway.amazonaws.com",
			context: map[string]string{"aws:sourcearn": source, "aws:sourceaccount": r.accountID()},
		}))
	}
	let := func(o opinion) bool { return o.ruling == allow }
	switch {
	case len(said[0].unsure) > 0:
		r.found(c, Unseen, "its policy depends on what was not evaluated: %s", strings.Join(said[0].unsure, ", "))
	case let(said[0]):
		r.found(c, Fine, "API Gateway may invoke it as %s", sources[0])
	case slices.ContainsFunc(said, let):
		r.found(c, Unseen, "its policy lets API Gateway invoke it for this request, and not as %s, which it may call itself", sources[0])
	case said[0].ruling == deny:
		r.found(c, Wrong, "its policy denies API Gateway to invoke it as %s", sources[0])
	default:
		r.found(c, Wrong, "its policy does not let API Gateway invoke it as %s%s", sources[0], d.letsIn())
	}
}

// letsIn names the sources that a function's policy lets in.
func (d document) letsIn() string {
	var out []string
	for _, s := range d {
		for _, c := range s.conditions {
			if s.effect == allow && strings.EqualFold(c.key, "aws:SourceArn") {
				out = append(out, c.values...)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; it lets in " + strings.Join(out, ", ")
}

const (
	logPages = 5   // of events, at most
	logShown = 3   // lines of errors
	lineKept = 200 // characters of each
)

// Lines of a function's log, as Lambda and its runtimes write them.
var (
	logStart   = regexp.MustCompile(`^START RequestId: |"type":\s*"platform\.start"`)
	logReport  = regexp.MustCompile(`^REPORT RequestId: |"type":\s*"platform\.report"`)
	logTimeout = regexp.MustCompile(`Task timed out after|"status":\s*"timeout"`)
	logError   = regexp.MustCompile(`ERROR|"errorType"|Process exited|Traceback`)
	logNo      = regexp.MustCompile(`\bUnauthorized\b`)
)

const logFilter = `?START ?"platform.start" ?"timed out" ?timeout ?ERROR ?errorType ?exited ?Traceback`

// log reads what the authorizer's function wrote.
func (r *route) log(f function, from, to time.Time) {
	c := Check{Name: "log of " + f.name, Layer: probe.LambdaAuthorizer, Cause: "lambda-authorizer-failure"}
	group := f.group()
	client := cloudwatchlogs.NewFromConfig(r.config, func(o *cloudwatchlogs.Options) { o.Region = f.region })
	var more bool
	names := append([]string{"from", from.String(), "to", to.String()}, f.names()...)
	names[len(names)-1] = strings.TrimPrefix(group, "/aws/lambda/")
	events, got := ask(&r.look, functionLog, func(ctx context.Context) ([]logtypes.FilteredLogEvent, error) {
		left := logPages
		return pages(ctx, func(ctx context.Context, token *string) ([]logtypes.FilteredLogEvent, *string, error) {
			p, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
				LogGroupName: &group, StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(to.UnixMilli()),
				FilterPattern: aws.String(logFilter), NextToken: token,
			})
			if err != nil {
				return nil, nil, err
			}
			if left--; left == 0 && aws.ToString(p.NextToken) != "" {
				more = true
				return p.Events, nil, nil
			}
			return p.Events, p.NextToken, nil
		})
	}, names...)
	switch got {
	case absent:
		r.found(c, Unseen, "there is no %s: the function never ran, may not write, or writes elsewhere", group)
		return
	case unseen:
		r.missed(c)
		return
	}
	r.logged(c, events, more, from, to)
}

// logged says what the lines of a function's log come to.
func (r *route) logged(c Check, events []logtypes.FilteredLogEvent, more bool, from, to time.Time) {
	var calls, timeouts, refusals int
	var errors []string
	for _, e := range events {
		line, _, _ := strings.Cut(strings.TrimSpace(aws.ToString(e.Message)), "\n")
		switch {
		case logStart.MatchString(line):
			calls++
		case logTimeout.MatchString(line) && !logReport.MatchString(line):
			timeouts++
			errors = append(errors, line)
		case logReport.MatchString(line):
		case logError.MatchString(line) && logNo.MatchString(line):
			refusals++
		case logError.MatchString(line):
			errors = append(errors, line)
		}
	}
	text := fmt.Sprintf("from %s to %s all its callers called it: %d", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), calls)
	if more {
		text += " in the lines that were read, which are the first"
	}
	if refusals > 0 {
		text += fmt.Sprintf("; it threw Unauthorized: %d", refusals)
	}
	switch {
	case len(errors) > 0:
		shown := slices.Clone(errors[:min(len(errors), logShown)])
		for i := range shown {
			shown[i] = fmt.Sprintf("%q", cut(shown[i], lineKept))
		}
		r.found(c, Wrong, "%s; it failed: %d, by timeout: %d: %s", text, len(errors), timeouts, strings.Join(shown, ", "))
	case calls == 0:
		r.found(c, Unseen, "%s; what it wrote may come later", text)
	default:
		r.found(c, Fine, "%s; it failed: 0", text)
	}
}

// cut is the beginning of a text.
func cut(text string, length int) string {
	if r := []rune(text); len(r) > length {
		return string(r[:length]) + "…"
	}
	return text
}
