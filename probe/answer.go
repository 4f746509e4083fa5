package probe

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// keptHeaders are the headers of an answer that attribution reads or a person wants to see. Others may hold anything
// and are named, not kept.
var keptHeaders = []string{
	"access-control-allow-origin", "age", "allow", "apigw-requestid", "cache-control", "connection", "content-length", "content-type", "date", "location",
	"retry-after", "server", "via", "www-authenticate", "x-amz-apigw-id", "x-amz-cf-id", "x-amz-cf-pop", "x-amzn-errortype",
	"x-amzn-requestid", "x-amzn-trace-id", "x-amzn-waf-action", "x-cache",
}

// readHeaders takes over the headers of an answer, redacted.
func (o *Observation) readHeaders(h http.Header, clean *redactor) {
	o.Headers = make(map[string]string)
	o.HeaderNames = nil
	for name, values := range h {
		name = strings.ToLower(name)
		o.HeaderNames = append(o.HeaderNames, clean.text(name))
		if slices.Contains(keptHeaders, name) || strings.HasPrefix(name, "x-amzn-remapped-") {
			o.Headers[name] = clean.text(strings.Join(values, ", "))
		}
	}
	slices.Sort(o.HeaderNames)
	// Some services append an address after a colon.
	o.ErrorType, _, _ = strings.Cut(o.Headers["x-amzn-errortype"], ":")
	o.ErrorType = strings.TrimSpace(o.ErrorType)
	o.ExtendedRequestID = o.Headers["x-amz-apigw-id"]
	o.RequestID = o.Headers["x-amzn-requestid"]
	if o.RequestID == "" {
		o.RequestID = o.Headers["apigw-requestid"]
	}
}

// messageShown is how much of a message is reported, in characters.
const messageShown = 300

// readMessage finds the message in a body. Signature dumps hold raw line breaks, which makes the JSON invalid.
func (o *Observation) readMessage(body string) {
	text, capital := messageOf(body)
	o.setMessage(text)
	o.Capital = capital
}

func (o *Observation) setMessage(text string) {
	o.text, o.Message = text, text
	if utf8.RuneCountInString(o.Message) > messageShown {
		o.Message = string([]rune(o.Message)[:messageShown])
	}
}

var asciiEscape = regexp.MustCompile(`\\\\|\\u00[2-7][0-9a-fA-F]`) // an escaped backslash escapes nothing

// unescape spells printable ASCII out that a JSON writer escaped for no need: nothing may hide in it.
func unescape(body string) string {
	if !strings.Contains(body, `\u00`) {
		return body
	}
	return asciiEscape.ReplaceAllStringFunc(body, func(escape string) string {
		if escape == `\\` {
			return escape
		}
		code, err := strconv.ParseUint(escape[2:], 16, 8)
		if err != nil || code == '"' || code == '\\' || code == 0x7f {
			return escape
		}
		return string(rune(code))
	})
}

var looseMessage = regexp.MustCompile(`(?s)^\s*\{\s*['"]?([Mm]essage)['"]?\s*:\s*(.*?)\}?\s*$`)

// messageOf returns the value of message or Message in a JSON object, leniently, and whether the key was capital.
func messageOf(body string) (text string, capital bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &fields) == nil {
		for _, key := range []string{"message", "Message"} {
			var s string
			if raw, ok := fields[key]; ok && json.Unmarshal(raw, &s) == nil {
				return s, key == "Message"
			}
		}
		return "", false
	}
	m := looseMessage.FindStringSubmatch(body)
	if m == nil {
		return "", false
	}
	value := strings.TrimSpace(m[2])
	if value != "" && (value[0] == '"' || value[0] == '\'') {
		value = strings.TrimSuffix(value[1:], value[:1]) // a transcript may be cut off
	}
	return strings.NewReplacer(`\n`, "\n", `\"`, `"`).Replace(value), m[1] == "Message"
}
