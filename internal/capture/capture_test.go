package capture

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// read is everything that an input shows, and how the reading ended.
func read(input string) (out []probe.Transcript, err error) {
	for t, err := range Read(strings.NewReader(input), "in", LogFormat{}) {
		if err != nil {
			return out, err
		}
		out = append(out, t)
	}
	return out, nil
}

const host = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"

var forbidden = http.Header{"X-Amzn-Errortype": {"ForbiddenException"}, "X-Amz-Apigw-Id": {"UxPyCE8NoAMFxBw="}}

// questioned is the request that the transcripts of curl -v show.
func questioned(t probe.Transcript) probe.Transcript {
	t.Method, t.URL, t.Remote = "GET", "https://"+host+"/prod/orders", "192.0.2.3:443"
	t.RequestHeader, t.RequestComplete = http.Header{"Host": {host}, "X-Api-Key": {"k"}}, true
	return t
}

const (
	connection = "* Connected to " + host + " (192.0.2.3) port 443 (#0)\n* SSL connection using TLSv1.3\n"
	question   = "> GET /prod/orders HTTP/2\n> Host: " + host + "\n> x-api-key: k\n>\n"
	answer     = "< HTTP/2 403 \n< x-amzn-errortype: ForbiddenException\n< x-amz-apigw-id: UxPyCE8NoAMFxBw=\n< \n"
	body       = `{"message":"Forbidden"}`
)

func TestRead(t *testing.T) {
	refused := probe.Transcript{Status: 403, HTTP: "HTTP/1.1", Header: forbidden, HeadersComplete: true, Body: []byte(body)}
	verbose := questioned(refused)
	verbose.HTTP = "HTTP/2"
	plain := "HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ForbiddenException\r\nx-amz-apigw-id: UxPyCE8NoAMFxBw=\r\n\r\n" + body
	wanted := questioned(probe.Transcript{Error: &probe.NetworkError{
		Phase: probe.PhaseTLS, Kind: "certificate-wanted",
		Text: "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
	}})
	noBody := refused
	noBody.Body, noBody.HeadersComplete = nil, false
	moved := probe.Transcript{
		Status: 301, HTTP: "HTTP/1.1", Header: http.Header{"Location": {"https://" + host}}, HeadersComplete: true,
	}
	for name, test := range map[string]struct {
		input string
		want  []probe.Transcript
	}{
		"curl -i":                      {plain + "\n", []probe.Transcript{refused}},
		"curl -i, two":                 {plain + "\n$ curl -i https://example.com\n" + plain, []probe.Transcript{refused, refused}},
		"curl -i, prompt in body line": {plain + "\nme@host:~$ curl -i https://example.com\n" + plain + "%", []probe.Transcript{refused, refused}},
		"curl -i, cut in the head":     {strings.SplitAfter(plain, "xBw=")[0], []probe.Transcript{noBody}},
		"curl -i -L":                   {"HTTP/1.1 301 Moved\nLocation: https://" + host + "\n\n" + plain, []probe.Transcript{moved, refused}},
		"curl -i through a proxy":      {"HTTP/1.1 200 Connection established\n\n" + plain, []probe.Transcript{refused}},
		"curl -i, 100 Continue":        {"HTTP/1.1 100 Continue\n\n" + plain, []probe.Transcript{refused}},
		"curl -v":                      {connection + question + answer + body + "* Connection #0 to host " + host + " left intact\n", []probe.Transcript{verbose}},
		"curl -v, data lines":          {connection + question + "{ [5 bytes data]\n" + answer + "{ [23 bytes data]\n" + body + "\n* Closing connection", []probe.Transcript{verbose}},
		"curl -v, two on one connection": {
			connection + question + answer + body + "\n* Re-using existing connection with host " + host + "\n" + question + answer + body,
			[]probe.Transcript{verbose, verbose},
		},
		"curl -i -v": {
			connection + question + answer + strings.NewReplacer("< ", "").Replace(answer) + body, []probe.Transcript{verbose},
		},
		"curl -v through a proxy": {
			"> CONNECT " + host + ":443 HTTP/1.1\n> Host: " + host + ":443\n>\n< HTTP/1.1 200 OK\n<\n" + connection + question + answer + body,
			[]probe.Transcript{verbose},
		},
		"curl -v, certificate wanted": {
			connection + "* TLSv1.3 (IN), TLS handshake, Request CERT (13):\n" + question + wanted.Error.Text + "\n", []probe.Transcript{wanted},
		},
		"curl without an answer": {
			"curl: (6) Could not resolve host: nowhere.example\n",
			[]probe.Transcript{{Error: &probe.NetworkError{
				Phase: probe.PhaseDNS, Kind: "not-found", Text: "curl: (6) Could not resolve host: nowhere.example",
			}}},
		},
		"curl -v, quotes are no requests": {connection + question + answer + body + "\n> and then it said\n", []probe.Transcript{verbose}},
		"HAR": {
			`{"log":{"version":"1.2","creator":{"name":"x"},"entries":[{"startedDateTime":"2026-11-21T09:00:00Z","serverIPAddress":"192.0.2.3",
			"request":{"method":"GET","url":"https://` + host + `/prod/orders","headers":[{"name":":path","value":"/"},{"name":"Host","value":"` + host + `"},{"name":"x-api-key","value":"k"}]},
			"response":{"status":403,"httpVersion":"h2","headers":[{"name":"x-amzn-errortype","value":"ForbiddenException"},{"name":"x-amz-apigw-id","value":"UxPyCE8NoAMFxBw="}],
			"content":{"text":"eyJtZXNzYWdlIjoiRm9yYmlkZGVuIn0=","encoding":"base64"}}},
			{"_fromCache":"disk","request":{"method":"GET","url":"http://example.com/","headers":[{"name":"authorization","value":"Basic x"}]},
			"response":{"status":0,"_error":"net::ERR_NAME_NOT_RESOLVED"}}]}}`,
			[]probe.Transcript{
				func() probe.Transcript {
					t := verbose
					t.RequestComplete, t.At = false, time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
					return t
				}(),
				{
					Method: "GET", URL: "http://example.com/", RequestHeader: http.Header{"Authorization": {"Basic x"}}, RequestComplete: true,
					Header: http.Header{}, Cached: true, Body: []byte{},
					Error: &probe.NetworkError{Phase: probe.PhaseDNS, Kind: "not-found", Text: "net::ERR_NAME_NOT_RESOLVED"},
				},
			},
		},
		"HAR of a run": {
			`{"log":{"creator":{"name":"probe"},"entries":[{"request":{"method":"GET","url":"https://example.com/","headers":[{"name":"authorization","value":"AWS4-HMAC-SHA256 [redacted]"}]},
			"response":{"status":0,"_error":"tls: certificate-wanted: alert"},"_probe":{"error":{"phase":"tls","kind":"certificate-wanted","text":"alert"}}}]}}`,
			[]probe.Transcript{{
				Method: "GET", URL: "https://example.com/", RequestHeader: http.Header{"Authorization": {"AWS4-HMAC-SHA256 [redacted]"}}, RequestComplete: true,
				Header: http.Header{}, Body: []byte{}, Error: &probe.NetworkError{Phase: probe.PhaseTLS, Kind: "certificate-wanted", Text: "alert"},
			}},
		},
		"recorded answers": {
			"\n" + `{"request":{"method":"GET","url":"/x"},"response":{"status":403,"body":"Forbidden"},"layer":"waf"}` + "\n{\n \"response\": {\"message\": \"}\",\n \"exception\": \"E\"}}\n",
			[]probe.Transcript{
				{Alone: true, Method: "GET", URL: "/x", Status: 403, Header: http.Header{}, Body: []byte("Forbidden"), Message: "Forbidden"},
				{Alone: true, Header: http.Header{}, Body: []byte{}, Message: "}", Exception: "E"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(test.input)
			if err != nil {
				t.Fatal(err)
			}
			for i := range test.want {
				test.want[i].Source = fmt.Sprintf("in#%d", i+1)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadMistakes compares what was read before the mistake, and the whole text of it: no word of the input is in it.
func TestReadMistakes(t *testing.T) {
	const good = `{"response":{"status":403}}`
	for name, test := range map[string]struct {
		input, want string
		entries     int
	}{
		"nothing":         {"", "in:1: got no known format, want HAR, a transcript of curl -i or curl -v, JSON lines, an access log in JSON, an execution log, or either as CloudWatch Logs gives it", 0},
		"prose":           {"the gateway said no", "in:1: got no known format, want HAR, a transcript of curl -i or curl -v, JSON lines, an access log in JSON, an execution log, or either as CloudWatch Logs gives it", 0},
		"a run":           {`{"version": 1, "run": {}}`, "in:1: got the result of a run, want a recording: probe replay reads it", 0},
		"no entries":      {`{"log":{"entries":[]}}`, "in: got no exchange, want at least one", 0},
		"only a question": {question, "in: got no exchange, want at least one", 0},
		"cut off":         {good + "\n\n" + good[:12], "in:3: reading JSON: got no end of the object", 1},
		"no JSON":         {good + "\n{secret}\n", "in:2: reading JSON: got no valid object", 1},
		"text between":    {good + "\nsecret\n" + good, "in:2: reading JSON: got no object, want one to begin on this line", 1},
		"open string":     {"{\"a\":\"secret\n\"}", "in:1: reading JSON: got a line break inside a string", 0},
		"no response":     {good + "\n{\"code\": 403}", `in:2: got neither "response" nor a key that bears the name of a $context variable; --log-format says what the keys of an access log hold`, 1},
		"wrong type":      {`{"response":{"status":"secret"}}`, `in:1: reading JSON: field "response.status": got string, want int`, 0},
		"huge line":       {`{"a":"` + strings.Repeat("x", lineKept), "in:1: reading JSON: got more than 1024 KiB, want a shorter line", 0},
		"huge object":     {"{" + strings.Repeat(strings.Repeat(" ", lineKept/2)+"\n", 9), "in:8: reading JSON: got more than 4096 KiB, want a smaller object", 0},
		"HAR, wrong type": {"{\"log\":{\n\"entries\":[\n{},\n{\"request\":{\"url\":17}}]}}", `in:4: reading JSON: field "Request.URL": got number, want string`, 1},
		"HAR, cut off":    {"{\"log\":{\"entries\":[\n{},\n{\"request\":", `in:2: reading JSON: got no valid object`, 1},
		"HAR, no entries": {`{"log":{"pages":[]}}`, `in:1: reading JSON: got no valid object`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(test.input)
			if err == nil || err.Error() != test.want {
				t.Errorf("error: got %v, want %s", err, test.want)
			}
			if len(got) != test.entries {
				t.Errorf("got %d entries before it, want %d", len(got), test.entries)
			}
		})
	}
}
