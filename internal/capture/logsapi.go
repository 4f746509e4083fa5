package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// wrappedStart is how the answers of CloudWatch Logs begin: filter-log-events and get-log-events give events, a query of
// Logs Insights results. Exports of them are arrays.
var wrappedStart = regexp.MustCompile(`^\{\s*(?:(?:"(?:queryLanguage|status|encryptionKey|next\w*Token)"\s*:\s*"[^"]*"|"searchedLogStreams"\s*:\s*\[[^\]]*\])\s*,\s*)*"(?:events|results)"\s*:\s*\[|^\[\s*[\[{"]`)

// wrapped reads the messages of a log that came wrapped in JSON, each on a line of its own.
func (e *entries) wrapped(r io.Reader) error {
	e.place = "event"
	in := &bounded{in: r}
	return e.read(&messages{in: in, d: json.NewDecoder(in)})
}

// messages are the messages of log events in JSON, as the lines of a log.
type messages struct {
	in     *bounded
	d      *json.Decoder
	inside bool // a document
	object bool // it is an object that holds the list
	list   bool // the elements of the list are next
	rows   []logEvent
	kept   int // bytes of rows
	text   bytes.Buffer
	err    error
}

// logEvent is an event of a log, or a row of a query.
type logEvent struct {
	at      time.Time
	message string
}

func (m *messages) Read(p []byte) (int, error) {
	for m.text.Len() == 0 {
		if m.err != nil {
			return 0, m.err
		}
		m.in.left = objectKept
		m.err = m.next()
	}
	return m.text.Read(p)
}

// next takes one step through the documents.
func (m *messages) next() error {
	switch {
	case !m.inside:
		first, err := m.d.Token()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		m.inside, m.object = true, first == json.Delim('{')
		m.list = !m.object
		return wrongJSON(err)
	case m.list && m.d.More():
		return m.element()
	case m.list:
		m.flush()
		m.list, m.inside = false, m.object
	case m.d.More():
		key, err := m.d.Token()
		if err != nil {
			return wrongJSON(err)
		}
		if m.list = key == "events" || key == "results"; !m.list {
			var other json.RawMessage
			return wrongJSON(m.d.Decode(&other))
		}
	default:
		m.inside = false
	}
	_, err := m.d.Token() // the bracket
	return wrongJSON(err)
}

// element takes over an event, or keeps a row, for a query may have the last first.
func (m *messages) element() error {
	var raw json.RawMessage
	if err := m.d.Decode(&raw); err != nil {
		return wrongJSON(err)
	}
	event, row, err := readEvent(raw)
	switch {
	case err != nil:
		return err
	case !row:
		event.write(&m.text)
		return nil
	}
	if m.kept += len(raw); m.kept > rowsKept {
		return fmt.Errorf("rows of a query: got more than %d MiB, want fewer", rowsKept>>20)
	}
	m.rows = append(m.rows, event)
	return nil
}

const rowsKept = 64 << 20

// flush writes the rows of a query, the first one first.
func (m *messages) flush() {
	if n := len(m.rows); n > 0 && m.rows[0].at.After(m.rows[n-1].at) {
		slices.Reverse(m.rows)
	}
	for _, row := range m.rows {
		row.write(&m.text)
	}
	m.rows, m.kept = nil, 0
}

// wrongJSON hides what a mistake in JSON shows of the input.
func wrongJSON(err error) error {
	var tooLarge *tooLargeError
	if err == nil || errors.As(err, &tooLarge) {
		return err
	}
	return errors.New("events of CloudWatch Logs: got no valid JSON")
}

// readEvent reads an element of a list of events or rows; a text or another object is a message itself.
func readEvent(element json.RawMessage) (event logEvent, row bool, err error) {
	var fields []struct{ Field, Value string }
	if json.Unmarshal(element, &fields) == nil && len(fields) > 0 {
		values := make(map[string]string, len(fields))
		for _, f := range fields {
			values[f.Field] = f.Value
		}
		event, err := readRow(values)
		return event, true, err
	}
	if json.Unmarshal(element, &event.message) == nil {
		return event, false, nil
	}
	var named map[string]json.RawMessage
	if json.Unmarshal(element, &named) != nil {
		return event, false, errors.New("events of CloudWatch Logs: got neither events nor rows")
	}
	if raw, ok := named["@message"]; ok {
		event.at = rowTime(inner(named["@timestamp"]))
		event.message = inner(raw)
		return event, true, nil
	}
	var ms int64
	if raw, ok := named["message"]; ok && json.Unmarshal(named["timestamp"], &ms) == nil {
		return logEvent{time.UnixMilli(ms).UTC(), inner(raw)}, false, nil
	}
	return logEvent{message: string(element)}, false, nil
}

// readRow reads a row of a query: the message, or the fields of it that the query names.
func readRow(values map[string]string) (logEvent, error) {
	event := logEvent{at: rowTime(values["@timestamp"]), message: values["@message"]}
	if event.message != "" {
		return event, nil
	}
	for name := range values {
		if strings.HasPrefix(name, "@") {
			delete(values, name)
		}
	}
	text, err := json.Marshal(values)
	event.message = string(text)
	return event, err
}

// inner is the text of a JSON string, or a value as it stands.
func inner(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func rowTime(text string) time.Time {
	at, _ := time.Parse("2006-01-02 15:04:05.999", text)
	return at
}

// write adds the message as the AWS CLI prints it: an object is on one line, and another line bears its time.
func (e logEvent) write(b *bytes.Buffer) {
	message := strings.TrimRight(e.message, "\r\n")
	if strings.HasPrefix(strings.TrimSpace(message), "{") {
		message = strings.NewReplacer("\r", " ", "\n", " ").Replace(message)
	} else if !e.at.IsZero() {
		b.WriteString(e.at.Format("2006-01-02T15:04:05.000Z "))
	}
	b.WriteString(message)
	b.WriteByte('\n')
}

// bounded ends a read that takes more than is left.
type bounded struct {
	in   io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &tooLargeError{}
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

type tooLargeError struct{}

func (*tooLargeError) Error() string {
	return fmt.Sprintf("events of CloudWatch Logs: got more than %d KiB in one entry, want a smaller one", objectKept>>10)
}
