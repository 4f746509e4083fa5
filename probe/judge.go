package probe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Judgement is what an answer means for the declared posture.
type Judgement struct {
	Verdict  Verdict
	Kind     VerdictKind
	Severity Severity
	Reason   string
	Next     string
}

// Control is how the control of a case's route and access fared; nil where none was sent.
type Control struct {
	Accepted    bool
	Attribution Attribution
}

// Judge compares what an answer was attributed to with what the case expects.
func Judge(c Case, o *Observation, a Attribution, control *Control) Judgement {
	switch {
	case !o.Answered() && o.Error != nil && o.Error.Kind == "canceled":
		return Judgement{Verdict: Inconclusive, Kind: KindStopped, Reason: "the run was interrupted before an answer came"}
	case !o.Answered() && a.Layer != TLS:
		return Judgement{Verdict: Inconclusive, Kind: KindNetwork, Reason: "no answer came: " + o.Error.String() + lostVerdict(a)}
	case a.Stale:
		return Judgement{Verdict: Inconclusive, Kind: KindAmbiguous, Reason: "a cache gave an answer that was made for another request"}
	case c.Control:
		return judgeAcceptance("the control", c, o, a)
	}
	if after, ok := past(c, o, a); ok {
		if a.Misdated {
			return Judgement{
				Verdict: Inconclusive, Kind: KindCredentials,
				Reason: "our own clock is wrong, so a signature that was to be dated wrongly may be dated right",
				Next:   "set the clock of this machine",
			}
		}
		return judgeOpen(c, o, a, after)
	}
	if a.Layer == UsagePlan || o.Status == 429 && a.Layer != WAF { // a custom response of AWS WAF may have any status
		return Judgement{Verdict: Inconclusive, Kind: KindThrottled, Reason: "throttled before the gate could decide"}
	}
	if c.Expected.accepts() && a.Layer == None {
		return judgeTaken(c, o)
	}
	if control != nil && !control.Accepted && (control.Attribution.Foreign || !strictlyBefore(plainOrders[cmp.Or(a.API, c.API.Type)], a.Plausible, control.Attribution)) {
		return Judgement{
			Verdict: Inconclusive, Kind: KindControlFailed,
			Reason: "the control of this route was not accepted, so this refusal proves nothing",
			Next:   "look at the control first",
		}
	}
	if c.Expected.accepts() {
		return judgeAcceptance("what must be accepted", c, o, a)
	}
	return judgeRefusal(c, o, a)
}

// lostVerdict is what evidence says of a request whose answer was lost: that it arrived, and what became of it.
func lostVerdict(a Attribution) string {
	switch {
	case len(a.Evidence) == 0 || a.Layer == Network:
		return ""
	case a.Layer == None:
		return "; but the evidence says that it was accepted"
	}
	return fmt.Sprintf("; but the evidence says that it arrived, and was answered by %s (%s)", join(a.Plausible), a.Confidence)
}

// judgeAcceptance judges a request that must be accepted.
func judgeAcceptance(what string, c Case, o *Observation, a Attribution) Judgement {
	switch {
	case a.Foreign:
		return Judgement{
			Verdict: Inconclusive, Kind: KindAmbiguous, Reason: fmt.Sprintf("another API answered: the plan declares type %s, the answer is of type %s", c.API.Type, a.API),
			Next: "check the type that is declared, and where the host and path lead",
		}
	case a.Layer == None:
		return Judgement{Verdict: Pass, Reason: "accepted"}
	case o.Status == 429:
		return Judgement{Verdict: Inconclusive, Kind: KindThrottled, Reason: what + " was throttled"}
	case a.Confidence == UnknownConfidence:
		return Judgement{
			Verdict: Fail, Kind: Blocked, Reason: fmt.Sprintf("%s was not accepted: status %d of no known shape", what, o.Status),
		}
	case a.Layer == Integration && o.Status >= 500 || a.Layer == Backend && o.Status >= 500:
		return Judgement{Verdict: Inconclusive, Kind: KindServerError, Reason: what + " reached the integration, which failed: " + describe(o, a)}
	case slices.Equal(causesOf(a, IAMAuthentication), []Cause{"expired-session-token"}):
		return Judgement{Verdict: Inconclusive, Kind: KindCredentials, Reason: "our own session had expired"}
	case a.TokenExpired && slices.ContainsFunc(a.Plausible, isAuthorizer), a.Cause == "cognito-token-expired", a.Cause == "jwt-expired":
		return Judgement{
			Verdict: Inconclusive, Kind: KindCredentials, Reason: "our own token had expired: " + describe(o, a),
			Next: "let the route's token come from where it is renewed (command, oauth2)",
		}
	case a.Cause == "clock-skew":
		return Judgement{
			Verdict: Inconclusive, Kind: KindCredentials,
			Reason: "our own clock is wrong, so a correct signature was refused for its time",
		}
	case a.Layer == Edge && o.Status < 400:
		return Judgement{Verdict: Inconclusive, Kind: KindAmbiguous, Reason: "the answer shows no sign of API Gateway: " + describe(o, a)}
	default:
		return Judgement{Verdict: Fail, Kind: Blocked, Reason: what + " was refused: " + describe(o, a), Next: a.Received}
	}
}

// judgeTaken judges what was accepted and had to be.
func judgeTaken(c Case, o *Observation) Judgement {
	if check := c.Scenario.Check; check != nil {
		if wrong := check(c.Target, o); wrong != "" {
			return Judgement{Verdict: Fail, Kind: WrongResponse, Reason: "accepted, but " + wrong}
		}
	}
	return Judgement{Verdict: Pass, Reason: "accepted"}
}

// past reports whether the request is known to have got past every layer that had to refuse it, and what answered it
// then: it need not be known which of several later layers that was. What the plan declares does not count, for it is
// what is being tested, and a 429 proves nothing. A server error, an answer with the gateway's error type, and the refusal
// of a later gate count only if nothing but proofs say so: a web ACL refuses in the words of a missing key.
func past(c Case, o *Observation, a Attribution) ([]Layer, bool) {
	if o.Status >= 500 && a.Capped {
		return nil, false
	}
	if o.Status >= 500 || o.ErrorType != "" || slices.ContainsFunc(a.Undeclared, Layer.gates) {
		return behindGates(c, o, a, a.Sound)
	}
	return behindGates(c, o, a, a.Undeclared)
}

// seemsPast is [past] as far as it shows before everything is known.
func seemsPast(c Case, o *Observation, a Attribution) bool {
	if o.Status >= 500 {
		_, ok := past(c, o, a)
		return ok
	}
	_, ok := behindGates(c, o, a, a.Undeclared)
	return ok
}

// behindGates reports whether all that may have answered lies behind every layer that had to refuse.
func behindGates(c Case, o *Observation, a Attribution, after []Layer) ([]Layer, bool) {
	if len(c.Expected.Layers) == 0 || slices.Contains(c.Expected.Layers, None) || o.Status == 429 || len(a.Plausible) == 0 {
		return nil, false
	}
	order := soundOrders[a.API]
	for _, l := range after {
		for _, gate := range c.Expected.Layers {
			if !order.before(gate, l) && (l != a.Layer || !slices.Contains(a.Behind, gate)) {
				return nil, false
			}
		}
	}
	return after, true
}

func judgeOpen(c Case, o *Observation, a Attribution, after []Layer) Judgement {
	gate := join(c.Expected.Layers)
	what := "accepted"
	if after[0] != None {
		what = "answered by " + join(after)
	}
	if c.Scenario.Kind == Routing {
		return Judgement{
			Verdict: Fail, Kind: WrongLayer,
			Reason: fmt.Sprintf("%s should have refused it, but another route answered: %s", gate, describe(o, a)),
			Next:   "declare the route that answers (catch_all, root_mapping), or remove it",
		}
	}
	j := Judgement{
		Verdict: Fail, Kind: Open, Severity: Critical,
		Reason: fmt.Sprintf("%s should have refused it, but it was %s (status %d)", gate, what, o.Status),
		Next:   fmt.Sprintf("check that %s is switched on for this method in what is deployed, then deploy again", gate),
	}
	if a.Confidence != Certain {
		j.Reason += "; likely, not certain"
	}
	return j
}

func judgeRefusal(c Case, o *Observation, a Attribution) Judgement {
	want := c.Expected.Layers
	if a.Confidence == UnknownConfidence {
		return Judgement{
			Verdict: Inconclusive, Kind: KindAmbiguous,
			Reason: fmt.Sprintf("status %d of no known shape", o.Status),
			Next:   "look at the answer; if it is API Gateway's, its shape is new",
		}
	}
	if len(want) == 0 {
		return judgeUndeclared(c, o, a)
	}
	inside, outside := false, false
	for _, l := range a.Plausible {
		if slices.Contains(want, l) {
			inside = true
		} else {
			outside = true
		}
	}
	agrees := inside && !outside || inside && a.Confidence == Likely
	switch {
	case agrees && o.Status >= 500 && byAuthorizer(a) && !(c.Expected.Declared && slices.Contains(c.Expected.Status, o.Status)):
		return Judgement{
			Verdict: Inconclusive, Kind: KindServerError,
			Reason: "the authorizer failed, which is no refusal: " + describe(o, a),
		}
	case agrees && !statusAgrees(c, o, a):
		return Judgement{
			Verdict: Fail, Kind: WrongResponse,
			Reason: fmt.Sprintf("refused by %s as expected, but with status %d, want %s", join(want), o.Status, statuses(c.Expected.Status)),
			Next:   "check the gateway responses of the API",
		}
	case agrees && a.Layer == None:
		return Judgement{Verdict: Pass, Reason: "accepted, as declared"}
	case agrees:
		reason := "refused by " + join(a.Plausible)
		if a.Confidence != Certain {
			reason += " (" + string(a.Confidence) + ")"
		}
		if len(c.Expected.Status) > 0 && !slices.Contains(c.Expected.Status, o.Status) {
			reason += fmt.Sprintf("; a customised gateway response made status %d of %s", o.Status, statuses(c.Expected.Status))
		}
		return Judgement{Verdict: Pass, Reason: reason}
	case !inside && o.Status >= 500:
		return Judgement{Verdict: Inconclusive, Kind: KindServerError, Reason: "a server error says nothing of the gate: " + describe(o, a)}
	case !inside && o.Status < 400 && slices.Contains(a.Plausible, Edge):
		return Judgement{
			Verdict: Inconclusive, Kind: KindAmbiguous,
			Reason: fmt.Sprintf("status %d without a sign of API Gateway: a page in front may hide a refusal", o.Status),
		}
	case !inside:
		return Judgement{
			Verdict: Fail, Kind: WrongLayer,
			Reason: fmt.Sprintf("%s should have refused it, but it was %s", join(want), describe(o, a)),
		}
	default:
		return Judgement{
			Verdict: Inconclusive, Kind: KindAmbiguous,
			Reason: fmt.Sprintf("%s may have refused it, but so may %s", join(both(a.Plausible, want, true)), join(both(a.Plausible, want, false))),
			Next:   "declare more of the posture (waf, catch_all, default_endpoint), or read the access log of the request id",
		}
	}
}

// judgeUndeclared judges a case whose posture is not declared: any refusal is right, and an answer is no fault.
func judgeUndeclared(c Case, o *Observation, a Attribution) Judgement {
	if refuses(a) {
		return Judgement{Verdict: Pass, Reason: fmt.Sprintf("refused by %s (%s); %s is not declared", join(a.Plausible), a.Confidence, c.Expected.Undeclared)}
	}
	return Judgement{
		Verdict: Pass,
		Reason:  fmt.Sprintf("answered with status %d, which proves nothing: %s is not declared", o.Status, c.Expected.Undeclared),
		Next:    "declare " + c.Expected.Undeclared,
	}
}

// refuses reports whether an authorization layer or the address refused, and not the application.
func refuses(a Attribution) bool {
	return !slices.ContainsFunc(a.Plausible, func(l Layer) bool {
		return l == None || l == Backend || l == Integration || l == RequestValidation || l == Edge || l == Network
	})
}

// byAuthorizer reports whether nothing but authorizers can have refused.
func byAuthorizer(a Attribution) bool {
	return len(a.Plausible) > 0 && !slices.ContainsFunc(a.Plausible, func(l Layer) bool { return !isAuthorizer(l) })
}

func isAuthorizer(l Layer) bool {
	return l == LambdaAuthorizer || l == CognitoAuthorizer || l == JWTAuthorizer
}

// proves reports whether a judged case shows that its gate is shut.
func (j Judgement) proves(c Case, a Attribution) bool {
	return j.Verdict == Pass && !c.Control && refuses(a) && len(c.Expected.Layers) > 0
}

// statusAgrees compares the status. One that the owner declared must be met. One that is derived may differ where the
// gateway's error type shows that a gateway response was customised, as long as it does not look like success.
func statusAgrees(c Case, o *Observation, a Attribution) bool {
	if len(c.Expected.Status) == 0 || slices.Contains(c.Expected.Status, o.Status) || a.Layer == TLS {
		return true
	}
	return !c.Expected.Declared && o.Status >= 400 && o.ErrorType != ""
}

// strictlyBefore reports whether every layer comes before all that may have stopped the control.
func strictlyBefore(order order, ls []Layer, control Attribution) bool {
	for _, l := range ls {
		for _, stop := range control.Plausible {
			if !order.before(l, stop) {
				return false
			}
		}
	}
	return len(ls) > 0 && len(control.Plausible) > 0
}

// both filters ls by whether they are in want.
func both(ls, want []Layer, in bool) []Layer {
	return slices.DeleteFunc(slices.Clone(ls), func(l Layer) bool { return slices.Contains(want, l) != in })
}

func causesOf(a Attribution, l Layer) []Cause {
	if a.Layer != l || a.Cause == "" {
		return nil
	}
	return []Cause{a.Cause}
}

// describe says what answered in half a sentence.
func describe(o *Observation, a Attribution) string {
	text := fmt.Sprintf("%s answered %d", join(a.Plausible), o.Status)
	if info, ok := causeInfo(a.Layer, a.Cause); ok && a.Confidence != Ambiguous {
		text += ", because " + info.Means
	}
	return text
}

func statuses(list []int) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprint(s)
	}
	return strings.Join(parts, " or ")
}
