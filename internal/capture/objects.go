package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"apigwprobe/probe"
)

const objectKept = 4 << 20

// objects reads JSON objects, one a line or spread over lines.
func (e *entries) objects(l *lines) error {
	for {
		text, line, err := object(l)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return e.wrong(line, err)
		}
		t, err := e.object(text)
		if err != nil {
			return e.wrong(line, err)
		}
		if err := e.add(t); err != nil {
			return err
		}
	}
}

// object reads a recorded answer or an entry of an access log.
func (e *entries) object(text string) (probe.Transcript, error) {
	var answer recorded
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return probe.Transcript{}, unmarshalling(err)
	}
	if answer.Response != nil {
		return answer.transcript(), nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // as it is written
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return probe.Transcript{}, unmarshalling(err)
	}
	log, ok := newAccessLog(fields, e.format)
	if !ok {
		return probe.Transcript{}, errors.New(`got neither "response" nor a key that bears the name of a $context variable; ` +
			`--log-format says what the keys of an access log hold`)
	}
	return log.transcript(), nil
}

// unmarshalling tells what was wrong without a word of the input, which may be a secret.
func unmarshalling(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("reading JSON: field %q: got %s, want %s", kind.Field, strings.Fields(kind.Value + " ?")[0], kind.Type.Kind())
	}
	return errors.New("reading JSON: got no valid object")
}

// tailedObject is an object behind the time and the name of the log stream that the AWS CLI prints before it.
var tailedObject = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* (?:\S+ )?(\{)`)

// object returns the text of the next object and the line on which it begins.
func object(l *lines) (text string, begin int, err error) {
	var b strings.Builder
	depth, quoted, escaped := 0, false, false
	for {
		line, cut, err := l.next()
		switch {
		case errors.Is(err, io.EOF) && b.Len() > 0:
			return "", begin, errors.New("reading JSON: got no end of the object")
		case err != nil:
			return "", l.n, err
		case b.Len() == 0 && strings.TrimSpace(line) == "":
			continue
		case cut:
			return "", l.n, fmt.Errorf("reading JSON: got more than %d KiB, want a shorter line", lineKept>>10)
		case b.Len()+len(line) > objectKept:
			return "", l.n, fmt.Errorf("reading JSON: got more than %d KiB, want a smaller object", objectKept>>10)
		case b.Len() == 0:
			begin = l.n
			line = tailedObject.ReplaceAllString(line, "$1")
			if !strings.HasPrefix(strings.TrimSpace(line), "{") {
				return "", begin, errors.New("reading JSON: got no object, want one to begin on this line")
			}
		}
		for _, c := range []byte(line) {
			switch {
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			case !quoted && (c == '{' || c == '['):
				depth++
			case !quoted && (c == '}' || c == ']'):
				depth--
			}
		}
		b.WriteString(line)
		b.WriteByte('\n')
		if quoted {
			return "", l.n, errors.New("reading JSON: got a line break inside a string")
		}
		if depth <= 0 {
			return b.String(), begin, nil
		}
	}
}

// recorded is an answer that somebody published, in the form of probe/testdata/recorded.jsonl.
type recorded struct {
	Request struct {
		Method, URL string
	} `json:"request"`
	Response *struct {
		Status    int               `json:"status"`
		Headers   map[string]string `json:"headers"`
		Body      string            `json:"body"`
		Message   string            `json:"message"`
		Exception string            `json:"exception"`
		Client    string            `json:"client_error"`
	} `json:"response"`
}

// excerpt is how many headers a source shows at most that shows not all of them.
const excerpt = 4

func (r recorded) transcript() probe.Transcript {
	a := r.Response
	t := probe.Transcript{
		Alone: true, Method: r.Request.Method, URL: r.Request.URL, Status: a.Status, Header: make(http.Header),
		HeadersComplete: len(a.Headers) > excerpt, Body: []byte(a.Body), Message: a.Message, Exception: a.Exception,
	}
	for name, value := range a.Headers {
		t.Header.Set(name, value)
	}
	if a.Body != "" && a.Body[0] != '{' && a.Message == "" {
		t.Message = a.Body // the source gives the text alone
	}
	if a.Client != "" {
		t.Error = curlError(a.Client, false)
	}
	return t
}
