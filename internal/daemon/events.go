package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"apigwprobe/probe"
)

// Notice is something that those who watch a page want to see at once.
type Notice struct {
	Kind        string `json:"kind"` // started, progress, opened, ended, changed
	Environment string `json:"environment,omitempty"`
	Run         string `json:"run,omitempty"`
	Done        int    `json:"done,omitempty"`
	Cases       int    `json:"cases,omitempty"`
	Text        string `json:"text,omitempty"`
}

// How many may watch, and how far one may fall behind before it is sent away, to come back and look anew.
const (
	maxWatchers = 64
	maxBehind   = 64
)

var errCrowded = errors.New("too many are watching")

// audience are those who watch.
type audience struct {
	mu    sync.Mutex
	chans map[chan Notice]bool
}

func (a *audience) join() (<-chan Notice, func(), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.chans) >= maxWatchers {
		return nil, nil, errCrowded
	}
	if a.chans == nil {
		a.chans = make(map[chan Notice]bool)
	}
	c := make(chan Notice, maxBehind)
	a.chans[c] = true
	return c, func() { a.leave(c) }, nil
}

func (a *audience) leave(c chan Notice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.chans[c] {
		delete(a.chans, c)
		close(c)
	}
}

// tell never waits.
func (a *audience) tell(n Notice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.chans {
		select {
		case c <- n:
		default:
			delete(a.chans, c)
			close(c)
		}
	}
}

// changed tells that an environment stands otherwise than before, or all of them.
func (d *Daemon) changed(environment string) {
	d.audience.tell(Notice{Kind: "changed", Environment: environment})
}

// progressEvery is after how many answers those who watch are told again.
const progressEvery = 20

// progress keeps how far a run is, and tells.
func (d *Daemon) progress(environment string, r *running, event probe.Event) {
	n := Notice{Environment: environment}
	d.mu.Lock()
	switch e := event.(type) {
	case probe.RunStarted:
		r.ID, r.Cases = e.Run.ID, e.Cases
		n.Kind = "started"
	case probe.Observed:
		r.Done++
		if r.Done%progressEvery == 0 {
			n.Kind = "progress"
		}
	case probe.Opened:
		if e.Accepted {
			break
		}
		n.Kind, n.Text = "opened", fmt.Sprintf("%s %s: %s got past", e.API, e.Route, e.Scenario)
	case probe.RunFinished:
		n.Kind = "ended"
	}
	n.Run, n.Done, n.Cases = r.ID, r.Done, r.Cases
	d.mu.Unlock()
	if n.Kind != "" {
		d.audience.tell(n)
	}
}

// stillThere is how often a stream says something, so that nobody on the way takes it for dead.
const stillThere = 20 * time.Second

// events streams notices as server-sent events, until the client goes or the daemon ends.
func (s *Web) events(w http.ResponseWriter, r *http.Request) {
	notices, leave, err := s.Daemon.audience.join()
	if err != nil {
		writeError(w, http.StatusServiceUnavailable, err)
		return
	}
	defer leave()
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	if err := control.SetReadDeadline(time.Time{}); err != nil { // the time-out of requests would end the stream
		return
	}
	say := func(text string) bool {
		// Each word has its own time: the stream itself goes on.
		if err := control.SetWriteDeadline(time.Now().Add(readLimit)); err != nil {
			return false
		}
		_, err := w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	ticker := time.NewTicker(stillThere)
	defer ticker.Stop()
	for going := say("retry: 3000\n\n"); going; {
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			going = say(": still there\n\n")
		case n, ok := <-notices:
			text, err := json.Marshal(n)
			going = ok && err == nil && say(fmt.Sprintf("event: %s\ndata: %s\n\n", n.Kind, text))
		}
	}
}
