package evidence

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

// requests are those of a run to an API that may have left entries in its logs.
type requests struct {
	api          probe.API
	list         []request
	ids          []string // by which entries are found
	known        map[string]bool
	since, until time.Time // by the gateway's clock
	skew         time.Duration
	heard        map[int][]probe.Transcript // by the index of the log
}

// request is one request, and its answer.
type request struct {
	*probe.Result

	own    string // the id that we gave it
	shared bool   // the answer bears the ids of another one of the run: a cache repeats them
}

// around is how much later than a request its entry may be dated, and how far off our measure of the gateway's clock.
const around = 2 * time.Second

func newRequests(api probe.API, sent []probe.Result) *requests {
	r := &requests{api: api, known: make(map[string]bool), heard: make(map[int][]probe.Transcript)}
	bearers := make(map[string]int)
	for i := range sent {
		res := &sent[i]
		if res.Observed == nil || res.Request == nil {
			continue
		}
		one := request{Result: res, own: res.Request.Headers["x-amzn-requestid"]}
		bearers[res.Observed.GatewayID()]++
		r.list = append(r.list, one)
	}
	r.skew = skewOf(r.list)
	for i := range r.list {
		one := &r.list[i]
		one.shared = bearers[one.Observed.GatewayID()] > 1
		begin, end := one.At.Add(r.skew-around), one.end().Add(r.skew+around)
		if r.since.IsZero() || begin.Before(r.since) {
			r.since = begin
		}
		if end.After(r.until) {
			r.until = end
		}
		for _, id := range []string{one.own, one.Observed.RequestID, one.Observed.GatewayID()} {
			if id != "" && !r.known[id] {
				r.known[id] = true
				r.ids = append(r.ids, id)
			}
		}
	}
	return r
}

// end is when the answer had come.
func (r request) end() time.Time {
	return r.At.Add(time.Duration(r.Observed.Timings.Total * float64(time.Millisecond)))
}

// skewOf is how far the gateway's clock is ahead of ours, by the median of the answers' dates: a cache repeats old ones.
func skewOf(list []request) time.Duration {
	var all []time.Duration
	for _, r := range list {
		if at, err := http.ParseTime(r.Observed.Header("date")); err == nil {
			all = append(all, at.Add(time.Second/2).Sub(r.end()))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// idInText is whatever may be a request id.
var idInText = regexp.MustCompile(`[A-Za-z0-9_+/-]{8,}={0,2}`)

// concerns reports whether a text bears an id of the requests.
func (r *requests) concerns(text string) bool {
	for _, id := range idInText.FindAllString(text, -1) {
		if r.known[id] {
			return true
		}
	}
	return false
}

// tie is how an entry of a log belongs to a request and its answer.
type tie int

const (
	stranger  tie = iota // it does not
	ofRequest            // it is of the request; that the answer is the one that it tells of, is likely
	ofAnswer             // the answer bears its id, and was made for the request
)

// tie finds how an entry belongs to a request. A REST API takes over the id that the request chose, which nobody else
// knows; no caller chooses the extended id. The two ids of other APIs are one.
func (r *requests) tie(one request, t probe.Transcript) tie {
	o := one.Observed
	if t.API != "" && t.API != r.api.ID || cached(o) {
		return stranger
	}
	rest := r.api.Type == probe.REST
	extended, gateway := t.ExtendedRequestID, o.GatewayID()
	if !rest {
		extended = cmp.Or(extended, t.RequestID)
	}
	chosen := rest && one.own != "" && t.RequestID == one.own
	echoed := rest && o.RequestID == one.own
	switch {
	case extended != "" && gateway != "" && extended != gateway, chosen && o.RequestID != "" && !echoed:
		return stranger
	case extended != "" && extended == gateway && (chosen || echoed):
		return ofAnswer
	case extended != "" && extended == gateway && !one.shared && r.during(one, t):
		if rest {
			return ofRequest // something in between gives ids of its own
		}
		return ofAnswer
	case chosen && (!o.Answered() || echoed && t.Status == o.Status):
		return ofAnswer
	case chosen:
		return ofRequest
	}
	return stranger
}

// cached reports whether a cache admits that it made the answer.
func cached(o *probe.Observation) bool {
	age, x := o.Header("age"), strings.ToLower(o.Header("x-cache"))
	return age != "" && age != "0" || strings.HasPrefix(x, "hit") || strings.HasPrefix(x, "refreshhit")
}

// during reports whether an entry is of the time of a request: a cache may repeat ids of others.
func (r *requests) during(one request, t probe.Transcript) bool {
	return !t.At.Before(one.At.Add(r.skew-around)) && !t.At.After(one.end().Add(r.skew+around))
}

// of are the entries of a log that belong to a request, of those that belong best; of several requests under its id
// nobody knows which is the one.
func (r *requests) of(one request, log int) (entry *probe.Transcript, how tie, several bool) {
	for i := range r.heard[log] {
		t := &r.heard[log][i]
		switch k := r.tie(one, *t); {
		case k == stranger || k < how:
		case k > how:
			entry, how, several = t, k, false
		default:
			several = true
		}
	}
	return entry, how, several
}

// missing counts the requests that have no entry in a log that should have one.
func (r *requests) missing(logs []stageLog) int {
	n := 0
	for _, one := range r.list {
		for i, log := range logs {
			if _, how, _ := r.of(one, i); how == stranger && one.leavesEntry(log) {
				n++
				break
			}
		}
	}
	return n
}

// leavesEntry reports whether a log should have an entry of the request: if its stage was reached, and what an execution
// log is told of, if its method was.
func (r request) leavesEntry(log stageLog) bool {
	if !r.Observed.Answered() || r.Observed.GatewayID() == "" || cached(r.Observed) || r.shared || r.Attribution == nil {
		return false
	}
	before := []probe.Layer{probe.Network, probe.TLS, probe.Edge, probe.Domain, probe.EndpointPolicy, probe.Stage}
	if log.execution {
		before = append(before, probe.WAF, probe.RouteLayer)
	}
	return log.whole && log.seen && len(r.Attribution.Sound) > 0 &&
		!slices.ContainsFunc(r.Attribution.Sound, func(l probe.Layer) bool { return slices.Contains(before, l) })
}

// testimony is what the entries say, by the id of the result.
func (l *look) testimony(logs []stageLog, all *requests) map[string][]probe.Evidence {
	out := make(map[string][]probe.Evidence)
	for i, log := range logs {
		missing, doubled, expected := 0, 0, 0
		for _, one := range all.list {
			entry, how, several := all.of(one, i)
			if one.leavesEntry(log) {
				expected++
			}
			switch {
			case several:
				doubled++
			case how != stranger:
				out[one.ID] = append(out[one.ID], one.told(*entry, log, how)...)
			case one.leavesEntry(log):
				missing++
			}
		}
		if missing > 0 {
			l.note("%s: %s: %d of %d requests have no entry after %v; entries may come minutes late: --evidence-wait waits for them", l.api.Name, log, missing, expected, l.Wait)
		}
		if doubled > 0 {
			l.note("%s: %s: several entries bear the id of one request, %d times: none of them was taken", l.api.Name, log, doubled)
		}
	}
	return out
}

// told is what an entry says of a request.
func (r request) told(t probe.Transcript, log stageLog, how tie) []probe.Evidence {
	text := fmt.Sprintf("%s: the entry of %s", log, t.At.UTC().Format(time.RFC3339))
	if how == ofRequest {
		text += " is of this request; the answer does not bear its id, so that it makes likely only"
	}
	out := append([]probe.Evidence{{Text: text}}, t.Evidence...)
	if !r.Observed.Answered() {
		out = append(out, verdictOf(t))
	}
	if how == ofRequest {
		for i := range out {
			if out[i].Grade != "" {
				out[i].Grade = probe.Inferred
			}
		}
	}
	return out
}

// verdictOf is what an entry says of a request whose answer was lost: its status and message are all that is known.
func verdictOf(t probe.Transcript) probe.Evidence {
	a := probe.Explain([]probe.Transcript{t})[0].Attribution
	e := probe.Evidence{Text: fmt.Sprintf("the answer was lost; its log has status %d", t.Status), Grade: probe.Inferred}
	for _, c := range a.Candidates {
		if slices.Contains(a.Plausible, c.Layer) {
			e.Candidates = append(e.Candidates, c)
		}
	}
	if a.Confidence == probe.Certain {
		e.Grade = probe.Documented
	}
	return e
}
