package probe

import "time"

// Event is something that happens in a run: [RunStarted], [Observed], [Opened], [APIFinished] or [RunFinished].
// Reports, history, progress and daemon read events and nothing else.
type Event interface{ event() }

// RunStarted is the first event.
type RunStarted struct {
	Run   RunInfo
	Cases int // requests that the matrix plans
	Skips int
}

// Observed says that one request was answered, or failed. Extra marks a request beyond the matrix, or an answer to a
// case that was asked before.
type Observed struct {
	API, Route, Access, Scenario string
	Status                       int
	Extra                        bool
	// Result is what is known of the exchange so far, redacted: it bears no verdict and no attribution, since these take
	// all answers of the API.
	Result Result
}

// Opened says that a request that must be refused got past. It is sent the moment that is seen, before the run is
// attributed, and once more if a repetition confirms it.
type Opened struct {
	API, Route, Access, Scenario string
	Status                       int
	Confirmed                    bool
	Accepted                     bool // the owner accepts it
}

// APIFinished carries the judged results of one API.
type APIFinished struct {
	API     string
	Results []Result
	Extra   []Result

	Findings []Finding

	cut       bool // before all was sent
	notes     []string
	converged time.Duration // when everything passed while waiting; 0: it never did
}

// RunFinished is the last event; its report holds every result.
type RunFinished struct{ Report Report }

func (RunStarted) event()  {}
func (Observed) event()    {}
func (Opened) event()      {}
func (APIFinished) event() {}
func (RunFinished) event() {}
