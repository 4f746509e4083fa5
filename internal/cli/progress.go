package cli

import (
	"io"

	"apigwprobe/probe"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is a bar on standard error that grows with each answer; nil is no bar.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
	report    io.Writer // where the report goes
	shared    bool      // to the terminal that shows the bar
	ended     bool
}

// newProgress starts a bar for a number of requests. It is for terminals that can take a line back: elsewhere it would
// only fill logs.
func newProgress(s Streams, report io.Writer, requests int) *progress {
	if _, watched := s.terminal(s.Err); !watched || s.env("TERM") == "dumb" {
		return nil
	}
	_, shared := s.terminal(report)
	container := mpb.New(mpb.WithOutput(s.Err), mpb.WithWidth(40), mpb.WithAutoRefresh())
	bar := container.AddBar(int64(requests), mpb.AppendDecorators(decor.CountersNoUnit("%d of %d requests")))
	return &progress{container: container, bar: bar, report: report, shared: shared}
}

// Write writes a part of the report. As long as the bar is on the same terminal, the part goes above it.
func (p *progress) Write(part []byte) (int, error) {
	if p.shared && !p.ended {
		return p.container.Write(part)
	}
	return p.report.Write(part)
}

// see counts an answer. Requests beyond the matrix are not in the total. The bar is gone before the last event is
// reported.
func (p *progress) see(e probe.Event) {
	if p == nil {
		return
	}
	switch e := e.(type) {
	case probe.Observed:
		if !e.Extra {
			p.bar.Increment()
		}
	case probe.RunFinished:
		p.end()
	}
}

// end removes the bar, also before it is full: some cases turn out not to be sent.
func (p *progress) end() {
	if p == nil || p.ended {
		return
	}
	p.ended = true
	p.bar.Abort(true)
	p.container.Wait()
}
