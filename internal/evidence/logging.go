package evidence

import (
	"context"
	"maps"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Logging is what an account has for the logs of a stage. What was not seen is nil, and noted.
type Logging struct {
	Account  string        // number; "": not known
	Stage    *StageLogging // what the stage is set to
	NoStage  bool          // there is no such API or stage
	Groups   map[string]*LogGroup
	Role     *string           // ARN of the role with which API Gateway writes logs; empty: none is set
	Policies map[string]string // resource policies of CloudWatch Logs, by name: of the account and of the group
	Notes    []string          // what was not seen, and why
}

// StageLogging is what a stage is set to log.
type StageLogging struct {
	Destination string // ARN of where the access log goes; "": none is written
	Format      string
	Execution   []ExecutionLevel // by method or route; that of all others is the first
}

// ExecutionLevel is how much the execution log tells of a method.
type ExecutionLevel struct {
	Method    string // as the stage names it; "*/*" or "*": all others
	Level     string // OFF, ERROR or INFO; "": not set
	DataTrace bool   // requests and answers are logged whole

	// What stands beside them in a WebSocket API's stage, where nobody documents whether it can be changed alone.
	Metrics bool
	Burst   *int32
	Rate    *float64
}

// On reports whether anything is written.
func (e ExecutionLevel) On() bool { return e.Level != "" && e.Level != "OFF" }

// Others reports whether it is that of all methods or routes that have none of their own.
func (e ExecutionLevel) Others() bool { return e.Method == "*/*" || e.Method == "*" }

// LogGroup is a log group.
type LogGroup struct {
	Exists    bool
	Retention int    // days; 0: for ever
	Key       string // ARN of the KMS key that encrypts it; "": that of the service
}

var (
	getAccount = probe.Reads("GetAccount", "/account", "the role with which API Gateway writes logs")

	describeLogGroups = probe.Right{
		Call: "logs DescribeLogGroups", Action: "logs:DescribeLogGroups", Resource: "arn:{partition}:logs:{region}:{account}:log-group:*",
		Shows: "which log groups are there, and their retention",
	}
	describeResourcePolicies = probe.Right{
		Call: "logs DescribeResourcePolicies", Action: "logs:DescribeResourcePolicies", Resource: "*", Shows: "who may write to log groups",
	}
)

// LoggingRights are the calls that [Account.Logging] makes.
func LoggingRights() []probe.Right {
	return []probe.Right{getStage, getV2Stage, getCallerIdentity, describeLogGroups, getAccount, describeResourcePolicies}
}

// Logging looks at the settings of an API's stage and at what its logs need: log groups, and somebody's right to write
// them. Of a stage without an access log it looks at the group that one might go to.
func (a *Account) Logging(ctx context.Context, api probe.API, planned string) Logging {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := a.inspect(ctx, api)
	out := l.settings()
	if out.Stage != nil {
		out.Groups = make(map[string]*LogGroup)
		group := GroupOf(out.Stage.Destination)
		if out.Stage.Destination == "" {
			group = planned
		}
		if group != "" {
			out.Groups[group] = l.logGroup(out.Account, group)
		}
		if api.Type == probe.HTTP {
			out.Policies = l.logPolicies(out.Account, group)
		} else {
			out.Groups[ExecutionGroup(api)], out.Role = l.logGroup(out.Account, ExecutionGroup(api)), l.logRole()
		}
	}
	slices.Sort(l.notes)
	out.Notes = slices.Compact(l.notes)
	return out
}

// LogSettings looks at the settings of an API's stage alone.
func (a *Account) LogSettings(ctx context.Context, api probe.API) Logging {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := a.inspect(ctx, api)
	out := l.settings()
	out.Notes = l.notes
	return out
}

// settings are those of the stage, and its account.
func (i *inspection) settings() (out Logging) {
	if out.Stage, out.NoStage = i.stageLogging(); out.Stage == nil {
		return out
	}
	if out.Account = accountIn(out.Stage.Destination); out.Account == "" {
		out.Account = i.accountID()
	}
	return out
}

// ExecutionGroup is where API Gateway writes the execution log of an API's stage (developer guide, set-up-logging).
func ExecutionGroup(api probe.API) string {
	return "API-Gateway-Execution-Logs_" + api.ID + "/" + api.Stage
}

// GroupOf is the log group of an ARN, "" if it is of none.
func GroupOf(arn string) string {
	_, group, _ := strings.Cut(arn, ":log-group:")
	return strings.TrimSuffix(group, ":*")
}

// accountIn is the account of an ARN.
func accountIn(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// stageLogging is nil if it was not seen; none: there is no stage.
func (l *look) stageLogging() (s *StageLogging, none bool) {
	if l.api.Type == probe.REST {
		stage, got := l.restStage()
		if got != seen {
			return nil, got == absent
		}
		s = &StageLogging{}
		if to := stage.AccessLogSettings; to != nil {
			s.Destination, s.Format = aws.ToString(to.DestinationArn), aws.ToString(to.Format)
		}
		for _, method := range slices.Sorted(maps.Keys(stage.MethodSettings)) { // an asterisk comes first
			m := stage.MethodSettings[method]
			s.Execution = append(s.Execution, ExecutionLevel{Method: method, Level: aws.ToString(m.LoggingLevel), DataTrace: m.DataTraceEnabled})
		}
		return s, false
	}
	stage, got := l.v2Stage()
	if got != seen {
		return nil, got == absent
	}
	s = &StageLogging{}
	if to := stage.AccessLogSettings; to != nil {
		s.Destination, s.Format = aws.ToString(to.DestinationArn), aws.ToString(to.Format)
	}
	if l.api.Type == probe.HTTP { // it has no execution log
		return s, false
	}
	level := func(route string, r v2types.RouteSettings) {
		s.Execution = append(s.Execution, ExecutionLevel{
			route, string(r.LoggingLevel), aws.ToBool(r.DataTraceEnabled), aws.ToBool(r.DetailedMetricsEnabled), r.ThrottlingBurstLimit, r.ThrottlingRateLimit,
		})
	}
	if usual := stage.DefaultRouteSettings; usual != nil {
		level("*", *usual)
	}
	for _, route := range slices.Sorted(maps.Keys(stage.RouteSettings)) {
		level(route, stage.RouteSettings[route])
	}
	return s, false
}

func (l *look) logs() *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(l.config, func(o *cloudwatchlogs.Options) { o.Region = l.api.Region })
}

// logGroup is nil if it was not seen.
func (l *look) logGroup(account, name string) *LogGroup {
	c := l.logs()
	all, got := ask(l, describeLogGroups, func(ctx context.Context) ([]types.LogGroup, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.LogGroup, *string, error) {
			p, err := c.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return p.LogGroups, p.NextToken, nil
		})
	}, "account", account, "group", name)
	if got != seen {
		return nil
	}
	for _, g := range all {
		if aws.ToString(g.LogGroupName) == name {
			return &LogGroup{true, int(aws.ToInt32(g.RetentionInDays)), aws.ToString(g.KmsKeyId)}
		}
	}
	return &LogGroup{}
}

// logRole is nil if it was not seen.
func (l *look) logRole() *string {
	c := l.rests()
	account, got := ask(l, getAccount, func(ctx context.Context) (*apigateway.GetAccountOutput, error) {
		return c.GetAccount(ctx, &apigateway.GetAccountInput{})
	})
	if got != seen {
		return nil
	}
	return aws.String(aws.ToString(account.CloudwatchRoleArn))
}

// logPolicies are those of the account and of a log group itself; nil: they were not seen.
func (l *look) logPolicies(account, group string) map[string]string {
	out := make(map[string]string)
	for _, arn := range []string{"", strings.Join([]string{"arn", probe.Partition(l.api.Region), "logs", l.api.Region, account, "log-group:" + group}, ":")} {
		some, got := l.policiesOf(arn)
		if got == unseen {
			return nil
		}
		for _, p := range some {
			out[aws.ToString(p.PolicyName)] = aws.ToString(p.PolicyDocument)
		}
	}
	return out
}

// policiesOf are the resource policies of CloudWatch Logs for a log group; "": for the account.
func (l *look) policiesOf(group string) ([]types.ResourcePolicy, sight) {
	c := l.logs()
	in := cloudwatchlogs.DescribeResourcePoliciesInput{}
	if group != "" {
		in.PolicyScope, in.ResourceArn = types.PolicyScopeResource, &group
	}
	return ask(l, describeResourcePolicies, func(ctx context.Context) ([]types.ResourcePolicy, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.ResourcePolicy, *string, error) {
			in.NextToken = token
			p, err := c.DescribeResourcePolicies(ctx, &in)
			if err != nil {
				return nil, nil, err
			}
			return p.ResourcePolicies, p.NextToken, nil
		})
	}, "of", group)
}

// Deliverer writes the access logs of HTTP APIs.
const Deliverer = "delivery.logs.amazonaws.com"

// Delivers reports whether a resource policy of CloudWatch Logs lets the delivery of logs write to a group, and what was
// not evaluated that might make it otherwise.
func (l Logging) Delivers(region, group string) (allowed bool, unsure []string) {
	arn := func(rest string) string {
		return strings.Join([]string{"arn", probe.Partition(region), "logs", region, l.Account, rest}, ":")
	}
	var whole document
	for _, name := range slices.Sorted(maps.Keys(l.Policies)) {
		d, err := parseDocument([]byte(l.Policies[name]))
		if err != nil {
			unsure = append(unsure, "policy "+name)
		}
		whole = append(whole, d...)
	}
	said := whole.on(question{
		action: "logs:PutLogEvents", resource: arn("log-group:" + group + ":log-stream:any"), service: Deliverer,
		context: map[string]string{"aws:sourceaccount": l.Account, "aws:sourcearn": arn("*")},
	})
	if said.ruling == allow {
		unsure = nil // no other document need be read
	}
	return said.ruling == allow, append(unsure, said.unsure...)
}
