package probe

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMessageOf(t *testing.T) {
	type found struct {
		Text    string
		Capital bool
	}
	const canonical = "GET\n/prod/orders\n\nhost:a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com\n"
	for _, c := range []struct {
		name, body string
		want       found
	}{
		{"usual", `{"message":"Forbidden"}`, found{"Forbidden", false}},
		{"with blanks", " { \"message\" : \"Forbidden\" } \r\n", found{"Forbidden", false}},
		{"policy denial", `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke"}`, found{"User: anonymous is not authorized to perform: execute-api:Invoke", true}},
		{"second field", `{"logref":"1","message":"x"}`, found{"x", false}},
		{"both", `{"Message":"capital","message":"small"}`, found{"small", false}},
		{"small one is an object", `{"message":{},"Message":"capital"}`, found{"capital", true}},
		{"other spelling", `{"MESSAGE":"x"}`, found{}},
		{"escapes", `{"message":"a \"quoted\" \u00fc \\ \/ \n b"}`, found{"a \"quoted\" ü \\ / \n b", false}},
		{"null", `{"message":null}`, found{}},
		{"empty", `{"message":""}`, found{}},
		{"number", `{"message":42}`, found{}},
		{"object", `{"message":{"text":"x"}}`, found{}},
		{"nested", `{"error":{"message":"x"}}`, found{}},
		{"nested, with line breaks that JSON forbids", "{\"error\":{\"message\":\"x\ny\"}}", found{}},
		{"array", `[{"message":"x"}]`, found{}},
		{"string", `"message"`, found{}},
		{"no body", "", found{}},
		{"blank", "  \n", found{}},
		{"no message", `{"errors":[]}`, found{}},
		{"HTML", "<html><body><h1>403 Forbidden</h1> message: x</body></html>", found{}},
		{"XML", "<ForbiddenException>\n  <Message>x</Message>\n</ForbiddenException>", found{}},
		{"text", "Forbidden", found{}},
		{
			"raw line breaks of a signature dump", `{"message":"The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been` + "\n'" + canonical + "'\n\"}",
			found{"The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been\n'" + canonical + "'\n", false},
		},
		{"raw line breaks, capital", "{\"Message\":\"a\nb\"}", found{"a\nb", true}},
		{"raw line breaks and escapes", "{\"message\":\"a\nb \\\"c\\\" \\n\"}", found{"a\nb \"c\" \n", false}},
		{"truncated in the text", `{"message":"The request signature we calc`, found{"The request signature we calc", false}},
		{"truncated after the text", `{"message":"Forbidden"`, found{"Forbidden", false}},
		{"truncated before the text", `{"message":`, found{}},
		{"truncated in the key", `{"mess`, found{}},
		{"as a shell prints it", `{message:forbidden}`, found{"forbidden", false}},
		{"as Python prints it", `{'message': 'Missing Authentication Token'}`, found{"Missing Authentication Token", false}},
		{"as JavaScript prints it", "{ message: 'Forbidden' }", found{"Forbidden", false}},
		{"brackets in the text", "{\"message\":\"a {b}\nc}\"}", found{"a {b}\nc}", false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, capital := messageOf(c.body)
			checkEqual(t, "message", found{text, capital}, c.want)
		})
	}
}

// TestMessageOfRecordings reads the message of every recorded body that has one.
func TestMessageOfRecordings(t *testing.T) {
	read := 0
	for _, v := range recorded(t) {
		body := strings.TrimSpace(v.Response.Body)
		if !strings.HasPrefix(strings.ToLower(body), `{"message":"`) && !strings.HasPrefix(strings.ToLower(body), `{"message": "`) {
			continue
		}
		text, capital := messageOf(body)
		var valid struct{ Message string }
		switch {
		case text == "" && !strings.Contains(body, `""`):
			t.Errorf("%s: no message in %q", v.ID, body)
		case capital != strings.HasPrefix(body, `{"M`):
			t.Errorf("%s: capital is %v for %q", v.ID, capital, body)
		case json.Unmarshal([]byte(body), &valid) == nil && valid.Message != text:
			t.Errorf("%s: got %q, want %q", v.ID, text, valid.Message)
		case strings.HasSuffix(text, `"}`) || strings.HasPrefix(text, `"`):
			t.Errorf("%s: got the frame along with the text: %q", v.ID, text)
		}
		read++
	}
	if read < 100 {
		t.Errorf("got %d bodies with a message, want at least 100", read)
	}
}

// TestLongMessage: 300 characters are shown, and the whole text is matched.
func TestLongMessage(t *testing.T) {
	for _, c := range []struct{ name, text, shown string }{
		{"short", "Forbidden", "Forbidden"},
		{"300", strings.Repeat("ü", 300), strings.Repeat("ü", 300)},
		{"301", strings.Repeat("ü", 301), strings.Repeat("ü", 300)},
		{"long", strings.Repeat("0123456789", 500), strings.Repeat("0123456789", 30)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Observation
			body, _ := json.Marshal(map[string]string{"message": c.text})
			o.readMessage(string(body))
			checkEqual(t, "shown and whole", []string{o.Message, o.fullMessage()}, []string{c.shown, c.text})
		})
	}
	// What tells the layers apart stands behind the 300th character.
	long := &Observation{Status: 403, ErrorType: accessDenied, HeadersComplete: true}
	body, _ := json.Marshal(map[string]string{"Message": "User: arn:aws:sts::********0123:assumed-role/" + strings.Repeat("r", 300) +
		"/session is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********0123:a1/prod/GET/x because no identity-based policy allows the execute-api:Invoke action"})
	long.readMessage(string(body))
	row := fingerprintOf(&exchange{obs: long})
	if row == nil || row.name != "identity-policy-implicit" {
		t.Errorf("got the row %v, want identity-policy-implicit", row)
	}
	checkEqual(t, "shown", utf8.RuneCountInString(long.Message), 300)
}

func TestReadHeaders(t *testing.T) {
	for _, c := range []struct {
		name string
		in   http.Header
		want Observation
	}{
		{"none", nil, Observation{Headers: map[string]string{}}},
		{
			"a refusal of a REST API",
			http.Header{
				"Content-Type": {"application/json"}, "X-Amzn-Requestid": {"11111111-2222-3333-4444-555555555555"}, "X-Amzn-Errortype": {"ForbiddenException"},
				"X-Amz-Apigw-Id": {"abc="},
			},
			Observation{
				ErrorType: "ForbiddenException", RequestID: "11111111-2222-3333-4444-555555555555", ExtendedRequestID: "abc=",
				Headers: map[string]string{
					"content-type": "application/json", "x-amzn-requestid": "11111111-2222-3333-4444-555555555555", "x-amzn-errortype": "ForbiddenException", "x-amz-apigw-id": "abc=",
				},
				HeaderNames: []string{"content-type", "x-amz-apigw-id", "x-amzn-errortype", "x-amzn-requestid"},
			},
		},
		{
			"of an HTTP API", http.Header{"Apigw-Requestid": {"abc="}},
			Observation{RequestID: "abc=", Headers: map[string]string{"apigw-requestid": "abc="}, HeaderNames: []string{"apigw-requestid"}},
		},
		{
			"both ids", http.Header{"Apigw-Requestid": {"abc="}, "X-Amzn-Requestid": {"rest"}},
			Observation{
				RequestID: "rest", Headers: map[string]string{"apigw-requestid": "abc=", "x-amzn-requestid": "rest"},
				HeaderNames: []string{"apigw-requestid", "x-amzn-requestid"},
			},
		},
		{
			"an address after the error type", http.Header{"X-Amzn-Errortype": {"AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/"}},
			Observation{
				ErrorType: "AccessDeniedException", Headers: map[string]string{"x-amzn-errortype": "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/"},
				HeaderNames: []string{"x-amzn-errortype"},
			},
		},
		{
			"a blank before the colon", http.Header{"X-Amzn-Errortype": {" BadRequestException : x"}},
			Observation{ErrorType: "BadRequestException", Headers: map[string]string{"x-amzn-errortype": " BadRequestException : x"}, HeaderNames: []string{"x-amzn-errortype"}},
		},
		{
			"what is not on the list is named only",
			http.Header{"Set-Cookie": {"session=1"}, "X-Internal": {"host-17"}, "Via": {"1.1 a", "1.1 b"}, "X-Amzn-Remapped-Date": {"yesterday"}, "X-Amzn-Remapped": {"no"}, "Authorization": {"x"}},
			Observation{
				Headers:     map[string]string{"via": "1.1 a, 1.1 b", "x-amzn-remapped-date": "yesterday"},
				HeaderNames: []string{"authorization", "set-cookie", "via", "x-amzn-remapped", "x-amzn-remapped-date", "x-internal"},
			},
		},
		{
			"a secret in a header", http.Header{"Location": {"https://example.com/?key=secret-of-the-test"}, "Www-Authenticate": {"secret-o"}},
			Observation{
				Headers: map[string]string{"location": "https://example.com/?key=[redacted]", "www-authenticate": "[redacted]"}, HeaderNames: []string{"location", "www-authenticate"},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Observation
			o.readHeaders(c.in, newRedactor([]Secret{NewSecret("secret-of-the-test")}))
			checkEqual(t, "observation", o, c.want, observations)
			for name := range c.in {
				if !o.Has(name) || !o.Has(strings.ToUpper(name)) {
					t.Errorf("the observation does not have the header %s", name)
				}
			}
			if o.Has("X-Nobody") {
				t.Error("the observation has a header that was not sent")
			}
		})
	}
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"message":"Forbidden"}`, `{"Message":"User: anonymous"}`, "{\"message\":\"a\nb\"}", `{message:forbidden}`, `{'message': 'x'}`, `{"message":"trunc`, `{"message":null}`,
		`[{"message":"x"}]`, `{"error":{"message":"x"}}`, "<html>", "", `{"message":"`, `{"message":'`, `{"message":}`, `{"message":"\ud800"}`, "\xff{\"message\":\"\xff\"}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		text, capital := messageOf(body)
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &fields) == nil {
			var want string
			if raw, ok := fields["message"]; !ok || json.Unmarshal(raw, &want) != nil {
				want = ""
				if json.Unmarshal(fields["Message"], &want) != nil {
					want = ""
				}
			}
			if text != want {
				t.Errorf("got %q, want %q", text, want)
			}
		} else if text != "" && !strings.Contains(body, "essage") {
			t.Errorf("got %q from a body without a message", text)
		}
		var o Observation
		o.readMessage(body)
		if o.fullMessage() != text || o.Capital != capital {
			t.Errorf("got %q %v, want %q %v", o.fullMessage(), o.Capital, text, capital)
		}
		if n := utf8.RuneCountInString(o.Message); n > messageShown || n < messageShown && o.Message != text {
			t.Errorf("%d characters are shown of %d", n, utf8.RuneCountInString(text))
		}
		if utf8.ValidString(body) && (!utf8.ValidString(o.Message) || !strings.HasPrefix(text, o.Message)) {
			t.Errorf("%q is not the beginning of %q", o.Message, text)
		}
	})
}

// FuzzUnescape: a body says the same after it was spelled out.
func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{
		`{"message":"a\u002Bb \u003d \u0022 \u005c"}`, `{"message":"\u00fc \u0000 \u001f \u007f"}`, `{"message":"C:\\u0041bc"}`, `{"message":"\\\u0041"}`,
		`\u00`, `\u004`, `\u00zz`, "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		spelled := unescape(body)
		if asciiEscape.MatchString(body) && len(spelled) > len(body) {
			t.Errorf("%q became the longer %q", body, spelled)
		}
		before, err := decodeAny(body)
		if err != nil {
			return
		}
		after, err := decodeAny(spelled)
		if err != nil {
			t.Fatalf("%q became %q: %v", body, spelled, err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%q became %q, which says something else (-before +after):\n%s", body, spelled, diff)
		}
	})
}

// decodeAny keeps numbers as written: one of a thousand digits is valid JSON too.
func decodeAny(body string) (any, error) {
	if !json.Valid([]byte(body)) {
		return nil, errors.New("not JSON")
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

func FuzzHeaders(f *testing.F) {
	f.Add("X-Amzn-Errortype", "ForbiddenException:http://x", "Set-Cookie", "secret-of-the-test", "secret-of-the-test")
	f.Add("x-amzn-remapped-x", "1", "X-Amzn-Requestid", "id", "")
	f.Add("Apigw-Requestid", "id", "X-Amz-Apigw-Id", "id2", "abc")
	f.Add("Date", "Sat, 21 Nov 2026 12:00:00 GMT", "Via", "", "12:00:00 GMT")
	f.Fuzz(func(t *testing.T, name, value, name2, value2, secret string) {
		h := make(http.Header)
		h.Add(name, value)
		h.Add(name2, value2)
		h.Add(name2, value)
		var o Observation
		o.readHeaders(h, newRedactor([]Secret{NewSecret(secret)}))
		if !slices.IsSorted(o.HeaderNames) {
			t.Errorf("names out of order: %q", o.HeaderNames)
		}
		if len(o.HeaderNames) != len(h) {
			t.Errorf("got the names %q of %q", o.HeaderNames, h)
		}
		for n, v := range o.Headers {
			if !slices.Contains(keptHeaders, n) && !strings.HasPrefix(n, "x-amzn-remapped-") {
				t.Errorf("header %q was kept", n)
			}
			if len(secret) >= runLength && !strings.Contains(secret, "redacted") && strings.Contains(v, secret) {
				t.Errorf("header %q shows the secret: %q", n, v)
			}
		}
		if strings.Contains(o.ErrorType, ":") || o.ErrorType != strings.TrimSpace(o.ErrorType) || !strings.Contains(o.Headers["x-amzn-errortype"], o.ErrorType) {
			t.Errorf("error type %q of %q", o.ErrorType, o.Headers["x-amzn-errortype"])
		}
		if id := o.RequestID; id != o.Headers["x-amzn-requestid"] && id != o.Headers["apigw-requestid"] {
			t.Errorf("request id %q of %q", id, o.Headers)
		}
	})
}
