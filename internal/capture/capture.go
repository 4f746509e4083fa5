// Package capture reads exchanges with API Gateway that others recorded: HAR 1.2, transcripts of curl, JSON lines of
// recorded answers, and the gateway's own access and execution logs, also as CloudWatch Logs wraps them. It streams, so
// that a large input takes no more memory than its largest entry, or the rows of one query.
package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"

	"apigwprobe/probe"
)

const (
	peeked   = 64 << 10 // of an input, to find its format
	bodyKept = 64 << 10 // of an answer
)

// Read streams the exchanges that r shows; name is for places: the third entry is "name#3". The format is found by the
// content. An error ends the sequence; it is an [*Error].
func Read(r io.Reader, name string, format LogFormat) iter.Seq2[probe.Transcript, error] {
	return func(yield func(probe.Transcript, error) bool) {
		e := &entries{name: name, format: format, yield: yield}
		err := e.read(r)
		if err == nil && e.count == 0 {
			err = &Error{name, errors.New("got no exchange, want at least one")}
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(probe.Transcript{}, err)
		}
	}
}

// errStopped says that the reader of the entries wants no more.
var errStopped = errors.New("stopped")

// entries are what was found in one input.
type entries struct {
	name   string
	format LogFormat
	count  int
	place  string // what is counted in place of lines, as they are not those of the input
	yield  func(probe.Transcript, error) bool
}

func (e *entries) add(t probe.Transcript) error {
	e.count++
	t.Source = fmt.Sprintf("%s#%d", e.name, e.count)
	if !e.yield(t, nil) {
		return errStopped
	}
	return nil
}

// Error is a mistake in an input.
type Error struct {
	Place string // "name:line", or the name alone
	Err   error
}

func (e *Error) Error() string { return e.Place + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// wrong is an error at a line.
func (e *entries) wrong(line int, err error) error {
	if e.place != "" {
		return &Error{fmt.Sprintf("%s: %s %d", e.name, e.place, line), err}
	}
	return &Error{fmt.Sprintf("%s:%d", e.name, line), err}
}

var (
	harStart  = regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`)
	runStart  = regexp.MustCompile(`^\{\s*"version"\s*:\s*\d+\s*,\s*"run"\s*:`)
	curlStart = regexp.MustCompile(`(?m)^(< )?HTTP/[\d.]+ \d{3}|^> [A-Z]+ \S+ HTTP/|^curl: \(\d+\)|^\* +(Trying|Connected to|Host|Could not resolve)`)
)

func (e *entries) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, peeked)
	head, err := in.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return e.wrong(1, fmt.Errorf("reading: %w", err))
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // it was peeked
		head = head[3:]
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case e.place == "" && wrappedStart.Match(head):
		return e.wrapped(in)
	case e.place != "" && len(head) == 0: // no event
		return nil
	case harStart.Match(head):
		return e.har(in)
	case runStart.Match(head):
		return e.wrong(1, errors.New("got the result of a run, want a recording: probe replay reads it"))
	case bytes.HasPrefix(head, []byte("{")), tailedObject.Match(head):
		return e.objects(newLines(in))
	case curlStart.Match(head):
		return e.curl(newLines(in))
	case e.format.onlyText && !executionLine.Match(head):
		return e.templateLines(newLines(in))
	case executionLine.Match(head):
		return e.executionLog(newLines(in))
	default:
		return e.wrong(1, errors.New("got no known format, want HAR, a transcript of curl -i or curl -v, JSON lines, an access log in JSON, an execution log, or either as CloudWatch Logs gives it"))
	}
}
