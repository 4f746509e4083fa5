package capture

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"apigwprobe/probe"
)

const openRequests = 1000 // of an execution log, of which more lines may come

// execution is what the lines of an execution log say of one request.
type execution struct {
	probe.Transcript
	authorizing bool // the lines are those of the authorizer's call
	called      bool // the authorizer's function was called
	started     bool // the method is being executed
	integrating bool // the integration was called
}

var (
	// The id of a request of a WebSocket API is in base64.
	requestPrefix = regexp.MustCompile(`(?:^|\s)\(([0-9a-f]{8}-[0-9a-f-]{27}|[\w-]*request[\w-]*|[\w+/-]{8,}={1,2})\) (.*)$`)
	logTime       = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\s*`)
	testTime      = regexp.MustCompile(`^\s*[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : `)
	forRequest    = regexp.MustCompile(`for request:? ([\w+/=-]+)`)
	executionLine = regexp.MustCompile(`(?m)(Extended Request Id: |Starting authorizer: |Verifying Usage Plan for request: |Starting execution for request: |Execution log for request |Unauthorized request: |Method completed with status: )`)
)

// executionLog reads the text of an execution log. Lines of several requests may be mixed where they bear the id.
func (e *entries) executionLog(l *lines) error {
	open := make(map[string]*execution)
	var order []string
	current := ""
	end := func(id string) error {
		x := open[id]
		delete(open, id)
		for i := range order {
			if order[i] == id {
				order = append(order[:i], order[i+1:]...)
				break
			}
		}
		return e.add(x.transcript())
	}
	for {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			for len(order) > 0 {
				if err := end(order[0]); err != nil {
					return err
				}
			}
			return nil
		}
		if err != nil {
			return e.wrong(l.n+1, err)
		}
		at, text := stamped(line)
		if m := requestPrefix.FindStringSubmatch(text); m != nil {
			current, text = m[1], m[2]
		} else if m := forRequest.FindStringSubmatch(text); m != nil && executionLine.MatchString(text) {
			current = m[1]
		}
		if current == "" {
			continue
		}
		x := open[current]
		if x == nil {
			if len(order) == openRequests {
				if err := end(order[0]); err != nil {
					return err
				}
			}
			x = &execution{Transcript: probe.Transcript{Log: true, RequestID: current, At: at}}
			open[current] = x
			order = append(order, current)
		}
		if x.line(text) {
			if err := end(current); err != nil {
				return err
			}
			current = ""
		}
	}
}

// stamped cuts the time off a line.
func stamped(line string) (time.Time, string) {
	if m := logTime.FindStringSubmatch(line); m != nil {
		at, _ := time.Parse(time.RFC3339Nano, m[1])
		return at, strings.TrimPrefix(line, m[0])
	}
	return time.Time{}, testTime.ReplaceAllString(line, "")
}

var (
	completed    = regexp.MustCompile(`^Method completed with status: (\d{3})`)
	extendedID   = regexp.MustCompile(`^Extended Request Id: (\S+)`)
	httpMethod   = regexp.MustCompile(`^HTTP Method: ([A-Z]+), Resource Path: (\S+)`)
	received     = regexp.MustCompile(`^Received response\. Status: (\d{3})`)
	keyRefused   = regexp.MustCompile(`^API Key .*not authorized because `)
	planPassed   = regexp.MustCompile(`^Usage Plan check succeeded`)
	endpointCall = regexp.MustCompile(`^(Endpoint request URI|Sending request to|Endpoint request headers)`)
)

// line takes a line over, and reports whether it is the last one of the request.
func (x *execution) line(text string) (last bool) {
	says := func(g probe.Grade, left []probe.Candidate, passed []probe.Layer, line, reading string) {
		x.Evidence = append(x.Evidence, probe.Evidence{
			Text: "execution log: " + strconv.Quote(line) + ": " + reading, Grade: g, Candidates: left, Passed: passed,
		})
	}
	authorizers := []probe.Layer{probe.LambdaAuthorizer, probe.CognitoAuthorizer}
	switch m := completed.FindStringSubmatch(text); {
	case m != nil:
		x.Status, _ = strconv.Atoi(m[1])
		return true
	case strings.HasPrefix(text, "Starting authorizer: "):
		x.authorizing = true
	case x.authorizing && (endpointCall.MatchString(text) || strings.HasPrefix(text, "Authorizer result body before parsing")):
		x.called = true
	case strings.HasPrefix(text, "Successfully completed authorizer execution"):
		x.authorizing = false
	case strings.HasPrefix(text, "Unauthorized request: "):
		left := only(authorizers...)
		if x.called {
			left = only(probe.LambdaAuthorizer)
		}
		says(probe.Documented, left, nil, "Unauthorized request", "the authorizer refused it")
	case strings.HasPrefix(text, "Execution failed due to configuration error: Could not parse policy"):
		says(probe.Recorded, because(probe.LambdaAuthorizer, "lambda-authorizer-misconfigured"), nil,
			"Could not parse policy", "the authorizer's policy cannot be read")
	case text == "AuthorizerConfigurationException":
		says(probe.Recorded, only(authorizers...), nil, "AuthorizerConfigurationException", "the authorizer could not be called, or its answer not be read")
	case strings.HasPrefix(text, "Execution failed due to configuration error: Malformed Lambda proxy response") && x.started:
		says(probe.Recorded, because(probe.Integration, "malformed-lambda-proxy-response"), nil, "Malformed Lambda proxy response", "the function's answer cannot be read")
	case strings.HasPrefix(text, "Execution failed due to a timeout error") && x.started:
		says(probe.Recorded, because(probe.Integration, "integration-timeout"), nil, "Execution failed due to a timeout error", "the integration timed out")
	case strings.HasPrefix(text, "Execution failed due to") && x.started:
		says(probe.Recorded, only(probe.Integration), nil, "Execution failed", "the integration failed")
	case strings.HasPrefix(text, "Verifying Usage Plan for request: "):
		x.authorizing = false
		says(probe.Documented, nil, []probe.Layer{probe.LambdaAuthorizer}, "Verifying Usage Plan", "usage plans are verified after the authorizer")
		says(probe.Inferred, nil, []probe.Layer{probe.CognitoAuthorizer}, "Verifying Usage Plan", "after a user pool's, too, as it seems")
	case keyRefused.MatchString(text):
		says(probe.Documented, only(probe.APIKeyLayer), nil, "API Key not authorized", "no valid API key of the stage's usage plans came")
	case planPassed.MatchString(text):
		says(probe.Documented, nil, []probe.Layer{probe.APIKeyLayer}, "Usage Plan check succeeded", "the API key is valid, or none is needed")
	case strings.HasPrefix(text, "Access denied. Reason: "):
		says(probe.Documented, only(probe.TLS), nil, "Access denied. Reason", "the client certificate was refused")
	case strings.HasPrefix(text, "The client is not authorized to perform this operation"):
		says(probe.Inferred, only(probe.LambdaAuthorizer, probe.IAMAuthorization, probe.ResourcePolicy, probe.CognitoAuthorizer), nil,
			"The client is not authorized to perform this operation", "a policy denied it")
	case strings.HasPrefix(text, "Successfully completed execution") && x.integrating:
		says(probe.Inferred, only(probe.Backend, probe.None), nil, "Successfully completed execution", "the integration succeeded")
	case strings.HasPrefix(text, "Starting execution for request: "):
		x.started, x.authorizing = true, false
		says(probe.Inferred, nil, gates, "Starting execution", "it got past authorization")
	default:
		x.detail(text)
	}
	return false
}

// gates are the layers that a request has passed whose method is being executed.
var gates = []probe.Layer{
	probe.Network, probe.Edge, probe.Domain, probe.Stage, probe.WAF, probe.RouteLayer, probe.IAMAuthentication,
	probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.APIKeyLayer,
}

// detail takes over what a line shows of the request and of the integration.
func (x *execution) detail(text string) {
	if m := extendedID.FindStringSubmatch(text); m != nil {
		x.ExtendedRequestID = m[1]
	} else if m := httpMethod.FindStringSubmatch(text); m != nil {
		x.Method, x.URL = m[1], m[2]
	} else if endpointCall.MatchString(text) && x.started && !x.integrating {
		x.integrating = true
		x.Evidence = append(x.Evidence, probe.Evidence{
			Text: "execution log: the integration was called", Grade: probe.Recorded,
			Candidates: only(probe.Integration, probe.Backend, probe.None),
		})
	} else if m := received.FindStringSubmatch(text); m != nil && x.integrating {
		x.Evidence = append(x.Evidence, probe.Evidence{Text: "execution log: the integration answered " + m[1], Grade: probe.Recorded})
	}
}

func (x *execution) transcript() probe.Transcript {
	t := x.Transcript
	if t.ExtendedRequestID == "" && !strings.ContainsAny(t.RequestID, "-=") {
		t.RequestID = ""
	}
	return t
}
