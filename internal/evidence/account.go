// Package evidence looks at the account behind an API: at what is deployed, at what is being edited, and at what stands
// around it. It only reads, unless it is told to call what stands behind a route; what it may not read it notes with the
// right that is missing. CHECKS.md lists the checks.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"apigwprobe/internal/secrets"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

const (
	// DefaultBudget is how many calls one run makes at most.
	DefaultBudget = 500

	atOnce    = 2                // calls: the control plane allows few a second to a whole account
	lookLimit = 60 * time.Second // for one API
)

// Account is what AWS's own APIs show of an account, each thing asked for once.
type Account struct {
	Wait time.Duration // for entries of logs that come late

	config aws.Config
	turns  chan struct{} // one for each call under way

	mu      sync.Mutex
	left    int // calls
	known   map[string]*answer
	signers map[string]signer // by the id of the case
}

// answer is what a call was answered, by all who ask the same.
type answer struct {
	once  sync.Once
	value any
	err   error
}

// Open reads the standard AWS settings, and those given here over them. It asks nothing yet.
func Open(ctx context.Context, budget int, settings ...func(*config.LoadOptions) error) (*Account, error) {
	a := &Account{turns: make(chan struct{}, atOnce), left: budget, known: make(map[string]*answer)}
	cfg, err := secrets.OpenAccount(ctx, append(settings, config.WithAPIOptions([]func(*middleware.Stack) error{a.meter}))...)
	if err != nil {
		return nil, err
	}
	a.config = cfg
	return a, nil
}

var errBudget = errors.New("the budget is used up")

// meter lets each call pay, pages too.
func (a *Account) meter(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Budget", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		a.mu.Lock()
		a.left--
		broke := a.left < 0
		a.mu.Unlock()
		if broke {
			return middleware.InitializeOutput{}, middleware.Metadata{}, errBudget
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// Look compares what is declared of an API with the account and with the answers.
func (a *Account) Look(ctx context.Context, api probe.API, sent []probe.Result) probe.Sight {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := &look{Account: a, ctx: ctx, api: api, sent: sent}
	switch {
	case !l.located():
		l.note("%s: not compared with the account: it has no id, region or stage in the configuration", api.Name)
	case api.Type == probe.REST:
		l.rest()
	default:
		l.v2()
	}
	slices.Sort(l.notes)
	return probe.Sight{Findings: l.findings, Notes: slices.Compact(l.notes)}
}

// look is one look at one API.
type look struct {
	*Account

	ctx      context.Context
	api      probe.API
	sent     []probe.Result
	findings []probe.Finding
	notes    []string
}

func (l *look) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

func (l *look) find(kind, format string, args ...any) {
	l.findings = append(l.findings, probe.Finding{Kind: kind, API: l.api.Name, Text: fmt.Sprintf(format, args...)})
}

func (l *look) rests() *apigateway.Client {
	return apigateway.NewFromConfig(l.config, func(o *apigateway.Options) { o.Region = l.api.Region })
}

func (l *look) v2s() *apigatewayv2.Client {
	return apigatewayv2.NewFromConfig(l.config, func(o *apigatewayv2.Options) { o.Region = l.api.Region })
}

// sight says how much a call showed.
type sight int

const (
	unseen sight = iota // it was refused or failed, which is noted
	absent              // there is no such thing
	seen
)

// ask makes a call unless it was made before, and notes why it shows nothing. Names are those of
// the right's resource, and of what else tells two calls apart.
func ask[T any](l *look, r probe.Right, call func(context.Context) (T, error), names ...string) (T, sight) {
	key := strings.Join(append([]string{r.Call, l.api.Region}, names...), " ")
	l.mu.Lock()
	known := l.known[key]
	if known == nil {
		known = &answer{}
		l.known[key] = known
	}
	l.mu.Unlock()
	known.once.Do(func() {
		l.turns <- struct{}{}
		defer func() { <-l.turns }()
		known.value, known.err = call(l.ctx)
	})
	if known.err == nil {
		return known.value.(T), seen
	}
	var none T
	if isAbsent(known.err) {
		return none, absent
	}
	l.note("account: not seen: %s", unanswered(r, known.err, l.api.Region, names...))
	return none, unseen
}

// isAbsent reports whether a call failed because there is no such thing.
func isAbsent(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.ErrorCode(), "NotFound") || refused.ErrorCode() == "ResourceNotFoundException")
}

// isDenied reports whether a call failed for want of the right to it.
func isDenied(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.ErrorCode(), "AccessDenied") || refused.ErrorCode() == "UnauthorizedOperation")
}

// unanswered says what a call that failed does not show, and why.
func unanswered(r probe.Right, err error, region string, names ...string) string {
	arn, shows := r.On(region, names...), r.Without(region, names...)
	var refused smithy.APIError
	switch {
	case isDenied(err):
		return fmt.Sprintf("%s: %s on %s is not allowed", shows, r.Action, arn)
	case errors.As(err, &refused):
		return fmt.Sprintf("%s: %s on %s was answered %s", shows, r.Call, arn, refused.ErrorCode())
	case errors.Is(err, errBudget):
		return "the rest: the budget of calls is used up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Sprintf("%s: %s on %s got no answer in time", shows, r.Call, arn)
	}
	return fmt.Sprintf("%s got no answer: %s", r.Call, innermost(err))
}

// innermost is what an error of the SDK comes from: what it is wrapped in repeats the call and ids.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// pages collects the items of all pages; each call gets the token of its page and returns that of the next.
func pages[T any](ctx context.Context, page func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	var all []T
	var token *string
	for {
		some, next, err := page(ctx, token)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if token = next; aws.ToString(token) == "" {
			return all, nil
		}
	}
}
