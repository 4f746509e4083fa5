package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// ControlPlane is how the AWS services beside the data plane behave, by which an
// owner looks at the account. The zero value is a friendly account.
type ControlPlane struct {
	PageSize      int // entries of one page, at most; 0: as many as the services have
	ThrottleEvery int // each n-th call is refused for having come too fast; 0: none

	NoExports      bool // stages cannot be exported, as those of some APIs cannot
	NoEdgeDomainV2 bool // the second version of the management API does not know edge-optimised domains

	Parameters map[string]string // of Systems Manager, by name
	Secrets    map[string]string // of Secrets Manager, by name

	NoLogRole   bool              // with which API Gateway writes the logs of REST and WebSocket APIs
	LogDelay    time.Duration     // until what was logged can be read
	Retention   map[string]int    // days, by log group; without: for ever
	LogPolicies map[string]string // the resource policies of CloudWatch Logs, by name: HTTP APIs need one
}

// ControlPlane serves the model to the clients of AWS's own APIs, as they reach it
// with AWS_ENDPOINT_URL. Signatures are verified and rights are evaluated.
func (g *Gateway) ControlPlane() http.Handler { return http.HandlerFunc(g.serveControl) }

// Call is one call of the control plane, for tests of what a program needs.
type Call struct {
	Principal string // ARN
	Operation string // as the service's model names it: GetRestApis
	Action    string // as a policy names it: apigateway:GET
	Resource  string // ARN
	Failed    string // the code of the error; "": it succeeded
}

// Calls returns the calls of the control plane, oldest first.
func (g *Gateway) Calls() []Call {
	g.control.mu.Lock()
	defer g.control.mu.Unlock()
	return slices.Clone(g.control.calls)
}

// controlLog counts and remembers calls.
type controlLog struct {
	mu    sync.Mutex
	count int
	calls []Call
}

// throttles tells whether this call is one too many.
func (l *controlLog) throttles(every int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	return every > 0 && l.count%every == 0
}

func (l *controlLog) add(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) == maxTruths {
		l.calls = l.calls[1:]
	}
	l.calls = append(l.calls, c)
}

// call is one request to the control plane, and who makes it.
type call struct {
	*Gateway

	r       *http.Request
	id      string
	service *controlService
	region  string
	now     time.Time
	caller  *Principal
	body    []byte
	form    url.Values     // of the query protocols
	input   map[string]any // of the JSON protocols
}

// operation is one operation of a service: what it needs and what it answers.
type operation struct {
	name   string
	route  string             // of services with paths: a pattern of http.ServeMux
	action string             // the right that it takes; "": none
	on     func(*call) string // the ARN of what it takes the right on; nil: *
	answer func(*call) (any, error)
}

// controlService is one AWS service.
type controlService struct {
	name       string // in the scope of signatures
	wire       wire
	denied     string // the error codes that differ from service to service
	throttled  string
	operations []operation
	paths      *http.ServeMux // of services with paths; made from the operations
}

// failure is an error of a service, in the code that its model has.
type failure struct {
	status  int
	code    string
	message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

var controlServices = sync.OnceValue(func() map[string]*controlService {
	all := map[string]*controlService{}
	for _, s := range []*controlService{
		apiGatewayService(), stsService(), ec2Service(), ssmService(), secretsManagerService(),
		logsService(), wafService(), iamService(), lambdaService(), snsService(),
	} {
		all[s.name] = s
		for i := range s.operations {
			if o := &s.operations[i]; o.route != "" {
				if s.paths == nil {
					s.paths = http.NewServeMux()
				}
				s.paths.Handle(o.route, foundOperation{o})
			}
		}
	}
	return all
})

// foundOperation is what the paths of a service lead to. It is never served.
type foundOperation struct{ *operation }

func (foundOperation) ServeHTTP(http.ResponseWriter, *http.Request) {}

// maxControlBody is more than any request here needs.
const maxControlBody = 1 << 20

func (g *Gateway) serveControl(w http.ResponseWriter, r *http.Request) {
	c := &call{Gateway: g, r: r, id: g.ids.request(""), now: g.model.Now().UTC()}
	c.body, _ = io.ReadAll(io.LimitReader(r.Body, maxControlBody)) // an error: the client has gone
	scope, err := c.authenticate()
	if c.service = controlServices()[scope.service]; c.service == nil {
		c.service = &controlService{name: scope.service, wire: restJSON}
		err = &failure{http.StatusNotFound, "UnknownOperationException", "the sandbox has no service " + scope.service}
	}
	c.region = scope.region
	var out any
	logged := Call{}
	if err == nil {
		out, err = c.perform(&logged)
	}
	if err != nil {
		f := failed(err)
		logged.Failed = f.code
		c.service.wire.fail(c, w, f)
	} else {
		c.service.wire.write(c, w, logged.Operation, out)
	}
	if c.caller != nil {
		logged.Principal = c.caller.ARN
		g.control.add(logged)
	}
}

// failed makes an error of a service of any error.
func failed(err error) *failure {
	if f, ok := err.(*failure); ok { //nolint:errorlint // ours are never wrapped
		return f
	}
	return &failure{http.StatusInternalServerError, "InternalFailure", err.Error()}
}

// perform finds the operation, asks whether the caller may, and lets it answer.
func (c *call) perform(logged *Call) (any, error) {
	op, err := c.service.wire.find(c)
	if err != nil {
		return nil, err
	}
	logged.Operation, logged.Action, logged.Resource = op.name, op.action, "*"
	if op.on != nil {
		logged.Resource = op.on(c)
	}
	if c.control.throttles(c.model.ControlPlane.ThrottleEvery) {
		return nil, &failure{http.StatusTooManyRequests, c.service.throttled, "Too Many Requests"}
	}
	if op.action != "" {
		if err := c.authorize(op.action, logged.Resource); err != nil {
			return nil, err
		}
	}
	return op.answer(c)
}

// authorize evaluates the policies of the caller. Resource policies play no part:
// everything here belongs to the caller's own account.
func (c *call) authorize(action, resource string) error {
	identity := c.caller.Policy.answer(c.inquiry(action, resource))
	session := Allow
	if c.caller.Session != nil {
		session = c.caller.Session.answer(c.inquiry(action, resource))
	}
	if identity == Allow && session == Allow {
		return nil
	}
	reason := " because no identity-based policy allows the " + action + " action"
	switch {
	case identity == Deny:
		reason = " with an explicit deny in an identity-based policy"
	case session == Deny:
		reason = " with an explicit deny in a session policy"
	case identity == Allow:
		reason = " because no session policy allows the " + action + " action"
	}
	on := ""
	if resource != "*" {
		on = " on resource: " + resource
	}
	said := ""
	if c.service.name == "ec2" {
		said = "You are not authorized to perform this operation. "
	}
	return &failure{http.StatusForbidden, c.service.denied, said + "User: " + c.caller.ARN + " is not authorized to perform: " + action + on + reason}
}

func (c *call) inquiry(action, resource string) inquiry {
	return inquiry{
		action:    action,
		resource:  func() string { return resource },
		principal: func(name string) bool { return c.caller.isMeantBy(name, partition(c.region)) },
		expand:    func(resource string) string { return resource },
		condition: func(key string) string {
			switch key {
			case "aws:PrincipalArn":
				return roleARN(c.caller.ARN)
			case "aws:PrincipalAccount":
				return c.caller.account()
			case "aws:UserAgent":
				return c.r.UserAgent()
			}
			return ""
		},
	}
}

// account is that of the caller: nobody sees another one's.
func (c *call) account() string { return c.caller.account() }

// apis are those of the caller's account in the region that was asked, of these
// families.
func (c *call) apis(families ...APIType) []*API {
	var out []*API
	for i := range c.model.APIs {
		a := &c.model.APIs[i]
		if a.Account == c.account() && a.Region == c.region && slices.Contains(families, a.family()) {
			out = append(out, a)
		}
	}
	return out
}

// arn names something of the account in the region.
func (c *call) arn(service, rest string) string {
	return strings.Join([]string{"arn", partition(c.region), service, c.region, c.account(), rest}, ":")
}

// made is an id that is the same each time.
func made(length int, parts ...string) string { return hash(strings.Join(parts, "\x00"))[:length] }
