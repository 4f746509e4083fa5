package logging

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/rogpeppe/go-internal/diff"
)

// Plan is what a stage's logs are, what they lack, and the commands that would change that and back again. None is run.
type Plan struct {
	API        string        `json:"api"`
	Type       probe.APIType `json:"type"`
	ID         string        `json:"id"`
	Stage      string        `json:"stage"`
	Region     string        `json:"region"`
	Facts      []Fact        `json:"facts"`
	Format     *Explanation  `json:"format"`     // of the access log that is there; nil: none is, or it was not seen
	Difference string        `json:"difference"` // of the planned format from the one that is there
	Steps      []Step        `json:"steps"`      // they are undone from the last to the first
	Costs      string        `json:"costs"`
	Personal   string        `json:"personal"` // data that entries hold
	Notes      []string      `json:"notes"`    // what was not seen, and why
}

// State says how a fact stands.
type State string

// The states of a fact.
const (
	Fine     State = "fine"
	Optional State = "optional" // it would tell more
	Missing  State = "missing"
	Wrong    State = "wrong"
	Unseen   State = "unseen"
)

// Fact is one thing that logs need.
type Fact struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Text  string `json:"text"`
}

// Step is a change, as commands for a POSIX shell with the AWS CLI.
type Step struct {
	Why      string   `json:"why"`
	Optional bool     `json:"optional"`
	Do       []string `json:"do"`
	Undo     []string `json:"undo"` // back to what is there now
}

// has reports whether a fact stands in one of some ways.
func (p *Plan) has(states ...State) bool {
	return slices.ContainsFunc(p.Facts, func(f Fact) bool { return slices.Contains(states, f.State) })
}

// ToDo reports whether something is missing or wrong.
func (p *Plan) ToDo() bool { return p.has(Missing, Wrong) }

// Incomplete reports whether something was not seen.
func (p *Plan) Incomplete() bool { return p.has(Unseen) }

// Group is the log group that a stage without an access log gets. A name of this kind keeps the resource policy short
// that API Gateway writes for HTTP APIs (CloudWatch Logs user guide, AWS-logs-and-resource-policy).
func Group(api probe.API) string {
	return "/aws/vendedlogs/apigateway/" + api.ID + "/" + strings.ReplaceAll(api.Stage, "$", "")
}

// planner makes a plan of what an account has.
type planner struct {
	Plan

	api       probe.API
	has       evidence.Logging
	retention int // days, for groups that keep entries for ever
}

// New plans the logs of an API's stage. Where entries would be kept for ever, they shall be kept for some days.
func New(api probe.API, has evidence.Logging, retention int) *Plan {
	p := &planner{api: api, has: has, retention: retention, Plan: Plan{
		API: api.Name, Type: api.Type, ID: api.ID, Stage: api.Stage, Region: api.Region,
		Facts: []Fact{}, Steps: []Step{}, Notes: append([]string{}, has.Notes...), Personal: personal,
	}}
	switch {
	case has.NoStage:
		p.fact("stage", Missing, "there is no %s API %s with a stage %q in %s", api.Type, api.ID, api.Stage, api.Region)
	case has.Stage == nil:
		p.fact("stage", Unseen, "what it logs was not seen")
	default:
		p.logs()
	}
	return &p.Plan
}

func (p *planner) fact(name string, state State, text string, args ...any) {
	p.Facts = append(p.Facts, Fact{name, state, fmt.Sprintf(text, args...)})
}

func (p *planner) step(why string, do, undo []string) {
	p.Steps = append(p.Steps, Step{Why: why, Do: do, Undo: undo})
}

func (p *planner) logs() {
	s := p.has.Stage
	to := s.Destination
	group := evidence.GroupOf(to)
	if to == "" {
		group = Group(p.api)
		to = p.arn("logs", "log-group:"+group)
	}
	format := Repair(p.api.Type, s.Format)
	if p.has.Account == "" {
		p.fact("account", Unseen, "its number is not known: it stands in the place of ACCOUNT")
	}
	p.accessLog()
	if group != "" {
		p.group("log group", group, s.Destination != "")
	}
	if p.api.Type == probe.HTTP {
		p.delivery(group)
	} else if group != "" || slices.ContainsFunc(s.Execution, evidence.ExecutionLevel.On) {
		p.role()
	}
	p.settings(to, format)
	if p.api.Type != probe.HTTP {
		p.executionLog()
	}
	p.Costs = fmt.Sprintf("CloudWatch Logs charges for what is written and for what is kept; an entry is about as long as its format, %d bytes", len(format))
}

// arn is that of something in the account; an account that is not known has to be put in.
func (p *planner) arn(service, rest string) string {
	return strings.Join([]string{"arn", probe.Partition(p.api.Region), service, p.api.Region, p.account(), rest}, ":")
}

func (p *planner) account() string { return cmp.Or(p.has.Account, "ACCOUNT") }

func (p *planner) accessLog() {
	s := p.has.Stage
	switch group := evidence.GroupOf(s.Destination); {
	case s.Destination == "":
		p.fact("access log", Missing, "none is written")
		return
	case group != "":
		p.fact("access log", Fine, "goes to log group %s", group)
	default:
		p.fact("access log", Fine, "goes to %s, where probe does not read", s.Destination)
	}
	e := Explain(p.api.Type, s.Format)
	p.Format = &e
	switch {
	case len(e.Wrong) > 0:
		p.fact("format", Wrong, "keeps entries from being read, or mislabels them")
	case len(e.Missing) > 0:
		p.fact("format", Missing, "lacks variables that tell layers apart")
	default:
		p.fact("format", Fine, "tells layers apart")
	}
}

// group is about a log group; named: the stage writes there.
func (p *planner) group(what, name string, named bool) {
	g := p.has.Groups[name]
	do, undo := p.groupCommands(name)
	switch {
	case g == nil:
		p.fact(what, Unseen, "whether %s is there", name)
		return
	case !g.Exists:
		p.fact(what, Missing, "%s is not there", name)
		p.step(fmt.Sprintf("make the log group, and keep its entries for %d days; undone, they are deleted", p.retention), do, undo)
		return
	}
	text := name + " is there"
	if !named {
		text += ", though the stage does not write there"
	}
	if g.Key != "" {
		text += fmt.Sprintf("; it is encrypted with %s, whose policy has to let logs.%s.amazonaws.com use it", g.Key, p.api.Region)
	}
	p.fact(what, Fine, "%s", text)
	if g.Retention > 0 {
		p.fact("retention", Fine, "%s keeps entries for %d days", name, g.Retention)
		return
	}
	p.fact("retention", Missing, "%s keeps entries for ever", name)
	p.step(fmt.Sprintf("keep entries for %d days; older ones are deleted for good", p.retention), do, undo)
}

// groupCommands make a log group that keeps its entries for a while, as far as it is not there, and undo that.
func (p *planner) groupCommands(name string) (do, undo []string) {
	logs := func(operation string, more ...string) string {
		return command(append([]string{"aws", "logs", operation, "--region", p.api.Region, "--log-group-name", name}, more...)...)
	}
	keep := logs("put-retention-policy", "--retention-in-days", strconv.Itoa(p.retention))
	switch g := p.has.Groups[name]; {
	case g == nil || g.Retention > 0:
		return nil, nil
	case !g.Exists:
		return []string{logs("create-log-group"), keep}, []string{logs("delete-log-group")}
	}
	return []string{keep}, []string{logs("delete-retention-policy")}
}

// settings has the stage write entries, if it does not write those that it shall.
func (p *planner) settings(to, format string) {
	s := p.has.Stage
	if s.Destination == to && s.Format == format {
		return
	}
	region := []string{"--region", p.api.Region}
	difference := diff.Diff("present", []byte(lines(s.Format)), "planned", []byte(lines(format)))
	_, p.Difference, _ = strings.Cut(string(difference), "\n") // what it is the difference of
	if p.api.Type == probe.REST {
		update := slices.Concat([]string{"aws", "apigateway", "update-stage"}, region, []string{"--rest-api-id", p.api.ID, "--stage-name", p.api.Stage, "--patch-operations"})
		set := func(to, format string) string {
			return command(append(slices.Clone(update), compact([]patch{
				{"replace", "/accessLogSettings/destinationArn", &to}, {"replace", "/accessLogSettings/format", &format},
			}))...)
		}
		undo := set(s.Destination, s.Format)
		if s.Destination == "" {
			undo = command(append(slices.Clone(update), compact([]patch{{"remove", "/accessLogSettings", nil}}))...)
		}
		p.step("have the stage write entries of this format; it need not be deployed again", []string{set(to, format)}, []string{undo})
		return
	}
	stage := slices.Concat(region, []string{"--api-id", p.api.ID, "--stage-name", p.api.Stage})
	set := func(to, format string) string {
		return command(slices.Concat([]string{"aws", "apigatewayv2", "update-stage"}, stage, []string{"--access-log-settings", compact(accessLogSettings{to, format})})...)
	}
	undo := set(s.Destination, s.Format)
	if s.Destination == "" {
		undo = command(slices.Concat([]string{"aws", "apigatewayv2", "delete-access-log-settings"}, stage)...)
	}
	why := "have the stage write entries of this format; it need not be deployed again"
	if p.api.Type == probe.HTTP {
		why += "; whoever does it needs the rights to log deliveries, too: logs:CreateLogDelivery, logs:UpdateLogDelivery, logs:GetLogDelivery, logs:ListLogDeliveries"
	}
	p.step(why, []string{set(to, format)}, []string{undo})
}

// patch is an operation of the first version of the management API.
type patch struct {
	Op    string  `json:"op"`
	Path  string  `json:"path"`
	Value *string `json:"value,omitempty"`
}

// accessLogSettings are those of the second version.
type accessLogSettings struct {
	DestinationArn string
	Format         string
}

// Retentions are the days for which CloudWatch Logs can be told to keep entries (API reference, PutRetentionPolicy).
var Retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
