package report

import (
	"strconv"
	"time"

	"apigwprobe/probe"
)

// start is when all runs of these tests begin.
var start = time.Date(2026, 11, 21, 4, 2, 38, 651e6, time.UTC)

// at is where a case is asked.
type at struct {
	api, route string
	access     probe.Access
}

var (
	byDefault = probe.Access{Kind: probe.AccessDefault, Host: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"}
	byDomain  = probe.Access{Kind: probe.AccessCustomDomain, Host: "api.example.com", Prefix: "/orders"}

	ordersList = at{"orders", "GET /orders", byDomain}
	ordersItem = at{"orders", "GET /orders/{id}", byDomain}
	ordersDoor = at{"orders", "GET /orders/{id}", byDefault}
	items      = at{"catalog", "GET /items", byDefault}
)

// skipped is a case that was not sent.
func skipped(p at, scenario, reason string) probe.Result {
	return probe.Result{
		ID: p.api + "|" + p.route + "|" + p.access.ID() + "|" + scenario, Run: "run-1", Environment: "prod", At: start,
		API: p.api, Route: p.route, Access: p.access.Kind, AccessID: p.access.ID(), Host: p.access.Host,
		Scenario: scenario, ScenarioKind: probe.Gate, Verdict: probe.Skipped, Reason: reason,
	}
}

// refused is a gate that holds: the expected layer answered.
func refused(p at, scenario string, l probe.Layer, cause probe.Cause, c probe.Confidence) probe.Result {
	res := skipped(p, scenario, "refused by "+string(l))
	res.Verdict, res.Attempts, res.Proven = probe.Pass, 1, l != probe.None
	res.Expected = probe.Expected{Layer: l, Layers: []probe.Layer{l}, Status: []int{403}}
	res.Observed = &probe.Observation{Status: 403, ErrorType: "ForbiddenException", Message: "Forbidden", RequestID: "id-1"}
	res.Request = &probe.RequestInfo{Method: "GET", URL: "https://" + p.access.Host + p.access.Prefix + "/x"}
	res.Attribution = &probe.Attribution{
		Layer: l, Cause: cause, Confidence: c,
		Candidates: []probe.Candidate{{Layer: l, Cause: cause}}, Because: []string{"a reason"}, Evidence: []string{},
	}
	return res
}

// control is a control that was accepted.
func control(p at, scenario string) probe.Result {
	res := refused(p, scenario, probe.None, "accepted", probe.Certain)
	res.Control, res.Reason = true, "accepted"
	res.Expected.Status = nil
	res.Observed = &probe.Observation{Status: 200}
	return res
}

// opened is a gate that let a request past.
func opened(p at, scenario string, gate probe.Layer) probe.Result {
	res := refused(p, scenario, gate, "", probe.Certain)
	res.Verdict, res.Kind, res.Severity, res.Attempts = probe.Fail, probe.Open, probe.Critical, 2
	res.Reason = string(gate) + " should have refused it, but it was accepted (status 200); confirmed by a repetition"
	res.Next = "check that " + string(gate) + " is switched on for this method in what is deployed, then deploy again"
	res.Observed = &probe.Observation{Status: 200}
	res.Attribution = control(p, scenario).Attribution
	return res
}

// blocked is a control that the web ACL stopped.
func blocked(p at, scenario string) probe.Result {
	res := refused(p, scenario, probe.WAF, "waf-blocked", probe.Likely)
	res.Control, res.Verdict, res.Kind = true, probe.Fail, probe.Blocked
	res.Expected = control(p, scenario).Expected
	res.Reason = "the control was refused: waf answered 403, because a rule of the stage's web ACL blocked it"
	res.Next = "look at the sampled requests of the web ACL"
	res.Attribution.Candidates = append(res.Attribution.Candidates, probe.Candidate{Layer: probe.Domain}, probe.Candidate{Layer: probe.Stage})
	return res
}

// controlFailed is a case that proves nothing because of its control.
func controlFailed(p at, scenario string) probe.Result {
	res := refused(p, scenario, probe.WAF, "waf-blocked", probe.Likely)
	res.Verdict, res.Kind = probe.Inconclusive, probe.KindControlFailed
	res.Expected = probe.Expected{Layer: probe.IAMAuthentication, Layers: []probe.Layer{probe.IAMAuthentication}, Status: []int{403}}
	res.Reason = "the control of this route was not accepted, so this refusal proves nothing"
	res.Next = "look at the control first"
	return res
}

// unanswered is a request that brought no answer. Only the text tells one from another.
func unanswered(p at, scenario string, port int) probe.Result {
	res := refused(p, scenario, probe.Network, "no-answer", probe.Certain)
	res.Verdict, res.Kind = probe.Inconclusive, probe.KindNetwork
	res.Observed = &probe.Observation{Error: &probe.NetworkError{
		Phase: probe.PhaseConnect, Kind: "refused", Text: "dial 10.0.0.1:" + strconv.Itoa(port) + ": connection refused",
	}}
	res.Reason = "no answer came: " + res.Observed.Error.String()
	res.Expected = controlFailed(p, scenario).Expected
	res.Next = "check the name, the route to it and firewalls from the prober's network"
	return res
}

// unsent is a case that the run could not send.
func unsent(p at, scenario string, kind probe.VerdictKind, reason, next string) probe.Result {
	res := skipped(p, scenario, reason)
	res.Verdict, res.Kind, res.Next = probe.Inconclusive, kind, next
	res.Expected = probe.Expected{Layer: probe.IAMAuthentication, Layers: []probe.Layer{probe.IAMAuthentication}, Status: []int{403}}
	return res
}

// ambiguous is a refusal that two layers may have made.
func ambiguous(p at, scenario string) probe.Result {
	res := refused(p, scenario, probe.APIKeyLayer, "missing-api-key", probe.Ambiguous)
	res.Verdict, res.Kind = probe.Inconclusive, probe.KindAmbiguous
	res.Reason = "api-key may have refused it, but so may waf"
	res.Next = "declare more of the posture (waf, catch_all, default_endpoint), or read the access log of the request id"
	res.Attribution.Candidates = append(res.Attribution.Candidates, probe.Candidate{Layer: probe.WAF, Cause: "waf-blocked"})
	return res
}

func acceptedFor(res probe.Result, reason, until string) probe.Result {
	res.Accepted = &probe.Accepted{Reason: reason, Until: until}
	return res
}

// reportOf counts results as a run does.
func reportOf(results ...probe.Result) probe.Report {
	rep := probe.Report{
		Version: probe.SchemaVersion, Results: results,
		Run: probe.RunInfo{
			ID: "run-1", Environment: "prod", Started: start, DurationMS: 812, ProbeVersion: "1.2.3", ConfigSHA256: "5878", Complete: true,
		},
	}
	routes := make(map[string]bool)
	for _, res := range results {
		rep.Run.Requests += res.Attempts
		if res.Accepted != nil {
			rep.Summary.Accepted++
		}
		switch res.Verdict {
		case probe.Pass:
			rep.Summary.Pass++
		case probe.Fail:
			rep.Summary.Fail++
		case probe.Inconclusive:
			rep.Summary.Inconclusive++
		case probe.Skipped:
			rep.Summary.Skipped++
			continue
		}
		routes[res.API+res.Route] = true
		if !res.Control {
			rep.Coverage.Gates++
			if res.Verdict == probe.Pass && res.Next == "" {
				rep.Coverage.Proven++
			}
		}
	}
	rep.Coverage.Routes = len(routes)
	return rep
}

// eventsOf are the events of a run that brought a report.
func eventsOf(rep probe.Report) []probe.Event {
	events := []probe.Event{probe.RunStarted{Run: rep.Run, Cases: len(rep.Results)}}
	for _, res := range rep.Results {
		for _, try := range res.Tries {
			before := probe.Result{ID: res.ID, At: try.At, API: res.API, Route: res.Route, Scenario: res.Scenario, Request: res.Request}
			before.Observed = &probe.Observation{Status: try.Status, ErrorType: try.ErrorType}
			events = append(events, probe.Observed{API: res.API, Route: res.Route, Scenario: res.Scenario, Status: try.Status, Result: before})
		}
		if res.Kind == probe.Open {
			o := probe.Opened{API: res.API, Route: res.Route, Access: res.AccessID, Scenario: res.Scenario, Status: res.Observed.Status, Accepted: res.Accepted != nil}
			events = append(events, o)
			o.Confirmed = true
			events = append(events, o)
		}
	}
	for _, api := range collect(rep.Results, func(res probe.Result) string { return res.API }) {
		events = append(events, probe.APIFinished{API: api[0].API, Results: api})
	}
	return append(events, probe.RunFinished{Report: rep})
}
