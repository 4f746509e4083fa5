package logging

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"apigwprobe/internal/capture"
	"apigwprobe/internal/evidence"
	"apigwprobe/probe"
)

const (
	// late is how much later than its time an entry may be there: the delivery of logs lags.
	late = 5 * time.Minute
	// hold is how long an entry waits for the lines of the execution log that are of its request.
	hold = 5 * time.Second

	soonest, slowest = 2 * time.Second, 15 * time.Second // between two looks at a log
)

// Tail follows the logs of a stage.
type Tail struct {
	// Read asks for the messages of a log group since a time.
	Read func(ctx context.Context, group string, since time.Time) iter.Seq2[evidence.LogEvent, error]
	// Access is the log group of the access log, and Format its format; "": none is followed. The entries of the access
	// log are shown, and what the execution log says of their requests supports them.
	Access string
	Format capture.LogFormat
	// Execution is the log group of the execution log; "": none is followed. Its requests are shown where no access log
	// is followed.
	Execution string

	Write func(Entry) error
	Note  func(text string)

	groups   []*followed
	waiting  []*waiting
	requests map[string]*request // by request id, of the execution log
}

// followed is a log group and how far it was read.
type followed struct {
	name  string
	from  time.Time
	known map[string]time.Time // ids of events that were read, and their times
	take  func(evidence.LogEvent)
	noted string // why it could not be read, which is said once
	done  bool   // it cannot be read at all
}

// waiting is what will be shown.
type waiting struct {
	probe.Transcript
	arrived time.Time
}

// request is what the execution log says of one.
type request struct {
	lines   []evidence.LogEvent
	arrived time.Time // of the last line
	ended   bool      // no more lines will come
	shown   bool
}

// errUnreadable says that no log can be read; why has been noted.
var errUnreadable = errors.New("no log can be read")

// Unreadable reports whether following ended because no log can be read.
func Unreadable(err error) bool { return errors.Is(err, errUnreadable) }

// Run shows what was logged since a time, and then what comes, until the context ends or once alone. What waits then is
// shown, too.
func (t *Tail) Run(ctx context.Context, since time.Time, once bool) error {
	t.follow(since)
	pause := soonest
	for {
		found := t.look(ctx)
		if err := t.show(once || ctx.Err() != nil); err != nil {
			return err
		}
		switch {
		case !slices.ContainsFunc(t.groups, func(g *followed) bool { return !g.done }):
			return errUnreadable
		case once, ctx.Err() != nil:
			return nil
		case found || len(t.waiting) > 0:
			pause = soonest
		default:
			pause = min(2*pause, slowest)
		}
		select {
		case <-ctx.Done():
			return t.show(true)
		case <-time.After(pause):
		}
	}
}

func (t *Tail) follow(since time.Time) {
	t.groups, t.requests = nil, make(map[string]*request)
	add := func(name string, take func(evidence.LogEvent)) {
		if name != "" {
			t.groups = append(t.groups, &followed{name: name, from: since, known: make(map[string]time.Time), take: take})
		}
	}
	add(t.Execution, t.line) // before the access log, which waits for its lines
	add(t.Access, t.entry)
}

// reads reports whether a log group is followed and can be read.
func (t *Tail) reads(group string) bool {
	return slices.ContainsFunc(t.groups, func(g *followed) bool { return g.name == group && !g.done })
}

// look reads what is new, and reports whether anything is.
func (t *Tail) look(ctx context.Context) (found bool) {
	for _, g := range t.groups {
		if g.done {
			continue
		}
		began := time.Now()
		var failure error
		for e, err := range t.Read(ctx, g.name, g.from) {
			if failure = err; err != nil {
				break
			}
			if _, known := g.known[e.ID]; !known {
				found = true
				g.known[e.ID] = e.At
				g.take(e)
			}
		}
		if failure != nil {
			t.failed(ctx, g, failure)
			continue
		}
		g.noted = ""
		if from := began.Add(-late); from.After(g.from) {
			g.from = from
		}
		maps.DeleteFunc(g.known, func(_ string, at time.Time) bool { return at.Before(g.from) })
	}
	return found
}

// failed notes once why a group cannot be read.
func (t *Tail) failed(ctx context.Context, g *followed, err error) {
	var unread *evidence.Unread
	g.done = errors.As(err, &unread) && unread.Final
	if ctx.Err() == nil && g.noted != err.Error() {
		g.noted = err.Error()
		t.Note(g.noted)
	}
}

// entry takes a message of the access log.
func (t *Tail) entry(e evidence.LogEvent) {
	for x, err := range capture.Read(strings.NewReader(oneLine.Replace(e.Message)), t.Access, t.Format) {
		if err != nil {
			t.Note("an entry of " + e.At.Format(time.RFC3339) + " cannot be read: " + err.Error())
			return
		}
		if x.At.IsZero() {
			x.At = e.At
		}
		x.Source = t.Access + "#" + e.ID // no two entries are the same request
		t.waiting = append(t.waiting, &waiting{x, time.Now()})
	}
}

// oneLine takes line breaks out of an entry: a message of the gateway may hold some, which are no JSON.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// line takes a message of the execution log.
func (t *Tail) line(e evidence.LogEvent) {
	id, ended := capture.ExecutionLine(e.Message)
	if id == "" {
		return
	}
	r := t.requests[id]
	if r == nil {
		r = &request{}
		t.requests[id] = r
	}
	r.lines = append(r.lines, e)
	r.arrived, r.ended = time.Now(), r.ended || ended
}

// show writes what need not wait any longer, the oldest first; all: nothing shall wait.
func (t *Tail) show(all bool) error {
	now := time.Now()
	settled := func(r *request, since time.Time) bool {
		return all || r != nil && r.ended || now.Sub(since) >= hold
	}
	var ready []probe.Transcript
	t.waiting = slices.DeleteFunc(t.waiting, func(w *waiting) bool {
		done := !t.reads(t.Execution) || settled(t.requests[w.RequestID], w.arrived)
		if done {
			ready = append(ready, w.Transcript)
		}
		return done
	})
	for _, r := range t.requests {
		if !t.reads(t.Access) && !r.shown && settled(r, r.arrived) {
			r.shown = true
			ready = append(ready, r.transcripts(t.Execution)...)
		}
	}
	slices.SortStableFunc(ready, func(a, b probe.Transcript) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.RequestID, b.RequestID))
	})
	shown := len(ready)
	if t.reads(t.Access) {
		ready = append(ready, t.support(ready)...)
	}
	maps.DeleteFunc(t.requests, func(_ string, r *request) bool { return now.Sub(r.arrived) > late })
	for i, x := range probe.Explain(ready)[:shown] {
		if err := t.Write(entryOf(ready[i], x)); err != nil {
			return err
		}
	}
	return nil
}

// support is what the execution log says of the requests of entries.
func (t *Tail) support(entries []probe.Transcript) (out []probe.Transcript) {
	added := make(map[string]bool)
	for _, e := range entries {
		if r := t.requests[e.RequestID]; r != nil && !added[e.RequestID] {
			added[e.RequestID] = true
			out = append(out, r.transcripts(t.Execution)...)
		}
	}
	return out
}

// transcripts are what the lines say, which is one request.
func (r *request) transcripts(group string) []probe.Transcript {
	slices.SortStableFunc(r.lines, func(a, b evidence.LogEvent) int { return a.At.Compare(b.At) })
	var text strings.Builder
	for _, l := range r.lines {
		text.WriteString(l.At.Format("2006-01-02T15:04:05.000Z ") + strings.TrimRight(l.Message, "\r\n") + "\n")
	}
	var out []probe.Transcript
	for x, err := range capture.Read(strings.NewReader(text.String()), group, capture.LogFormat{}) {
		if err == nil {
			x.Source = group + "#" + r.lines[0].ID
			out = append(out, x)
		}
	}
	return out
}
