package capture

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	keyEntry = `{"requestId":"r1","status":"403","error.responseType":"INVALID_API_KEY"}`
	wafEntry = `{"requestId":"r2","status":"403","wafResponseCode":"WAF_BLOCK"}`
)

// executionLines are the messages of an execution log of one request that lacked its key.
var executionLines = []string{
	"(9cef3834-f42c-46d7-83fe-a6401a431398) Verifying Usage Plan for request: 9cef3834-f42c-46d7-83fe-a6401a431398. API Key:  API Stage: a/prod",
	"(9cef3834-f42c-46d7-83fe-a6401a431398) API Key  not authorized because method 'GET /' requires API Key and API Key is not associated with a Usage Plan",
	"(9cef3834-f42c-46d7-83fe-a6401a431398) Method completed with status: 403",
}

// TestWrappedLogs: the answers of CloudWatch Logs hold the same entries as the log itself.
func TestWrappedLogs(t *testing.T) {
	quoted := func(text string) string {
		out, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	event := func(message string) string {
		return fmt.Sprintf(`{"logStreamName":"s","timestamp":1768043085000,"message":%s,"ingestionTime":1768043086000,"eventId":"1"}`, quoted(message))
	}
	row := func(at, message string) string {
		return fmt.Sprintf(`[{"field":"@timestamp","value":%q},{"field":"@message","value":%s},{"field":"@ptr","value":"x"}]`, at, quoted(message))
	}
	plainAccess := keyEntry + "\n" + wafEntry
	plainExecution := strings.Join(executionLines, "\n")
	var executionEvents, lastFirst []string
	for i, line := range executionLines {
		executionEvents = append(executionEvents, event(line))
		lastFirst = append([]string{row(fmt.Sprintf("2026-01-10 11:04:45.00%d", i), line)}, lastFirst...)
	}
	for name, test := range map[string]struct{ wrapped, plain string }{
		"filter-log-events": {
			`{"events": [` + event(keyEntry) + `,` + event(strings.ReplaceAll(wafEntry, ",", ",\n")) + `], "searchedLogStreams": [{"logStreamName": "s"}], "nextToken": "t"}`, plainAccess,
		},
		"filter-log-events, other order": {`{"nextToken":"t","searchedLogStreams":[{"logStreamName":"s"}],"events":[` + event(keyEntry) + `]}`, keyEntry},
		"get-log-events":                 {`{"events":[` + event(keyEntry+"\n") + `,` + event(wafEntry) + `],"nextForwardToken":"f","nextBackwardToken":"b"}`, plainAccess},
		"two pages":                      {`{"events":[` + event(keyEntry) + `],"nextToken":"t"}` + "\n" + `{"events":[` + event(wafEntry) + `]}`, plainAccess},
		"an empty page":                  {`{"events":[],"nextToken":"t"}` + "\n" + `{"events":[` + event(wafEntry) + `]}`, wafEntry},
		"a query, last first": {
			`{"queryLanguage":"CWLI","results":[` + row("2026-01-10 11:04:45.000", wafEntry) + `,` + row("2026-01-10 11:04:44.000", keyEntry) + `],"statistics":{"recordsMatched":2.0},"status":"Complete"}`,
			plainAccess,
		},
		"a query for fields": {
			`{"results":[[{"field":"requestId","value":"r1"},{"field":"status","value":"403"},{"field":"error.responseType","value":"INVALID_API_KEY"},{"field":"@ptr","value":"x"}]],"status":"Complete"}`, keyEntry,
		},
		"an export of a query":           {`[{"@timestamp":"2026-01-10 11:04:45.000","@message":` + keyEntry + `},{"@timestamp":"2026-01-10 11:04:46.000","@message":` + quoted(wafEntry) + `}]`, plainAccess},
		"the messages alone":             {`[` + quoted(keyEntry) + `,` + quoted(wafEntry) + `]`, plainAccess},
		"the entries in an array":        {`[` + keyEntry + `,` + wafEntry + `]`, plainAccess},
		"execution log":                  {`{"events":[` + strings.Join(executionEvents, ",") + `]}`, plainExecution},
		"execution log, last line first": {`{"results":[` + strings.Join(lastFirst, ",") + `]}`, plainExecution},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(test.wrapped)
			if err != nil {
				t.Fatal(err)
			}
			want, err := read(test.plain)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].At = want[min(i, len(want)-1)].At // events bear times of their own
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrappedMistakes(t *testing.T) {
	for name, test := range map[string]struct{ input, want string }{
		"nothing":    {`{"events": []}`, "in: got no exchange, want at least one"},
		"cut off":    {`{"events": [{"timestamp":1,"message":` + `"secret"}`, "in: event 1: reading: events of CloudWatch Logs: got no valid JSON"},
		"a number":   {`{"results": [5]}`, "in: event 1: reading: events of CloudWatch Logs: got neither events nor rows"},
		"prose":      {`["the gateway said no"]`, "in: event 1: got no known format, want HAR, a transcript of curl -i or curl -v, JSON lines, an access log in JSON, an execution log, or either as CloudWatch Logs gives it"},
		"no entry":   {`[` + keyEntry + `,{"x":"secret"}]`, `in: event 2: got neither "response" nor a key that bears the name of a $context variable; --log-format says what the keys of an access log hold`},
		"wrapped up": {`["{\"events\": []}"]`, `in: event 1: got neither "response" nor a key that bears the name of a $context variable; --log-format says what the keys of an access log hold`},
		"too large":  {`["` + strings.Repeat("x", 2*objectKept), "in: event 1: reading: events of CloudWatch Logs: got more than 4096 KiB in one entry, want a smaller one"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(test.input); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
