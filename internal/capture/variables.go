package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// variables are the $context variables of access logs that are read, and what they hold (developer guide,
// api-gateway-variables-for-access-logging).
var variables = map[string]string{
	"apiId": "the API", "domainName": "the host", "path": "the path of the request", "httpMethod": "the method",
	"requestId": "the request id", "extendedRequestId": "the extended request id", "protocol": "the version of HTTP",
	"requestTimeEpoch": "the time of the request", "requestTime": "the time of the request",
	"resourcePath": "the resource that took the request", "routeKey": "the route that took the request",
	"status": "the status of the answer", "error.message": "the message of the answer",
	"error.messageString": "the message of the answer", "error.responseType": "the type of the gateway response",
	"error.validationErrorString":   "what request validation found",
	"wafResponseCode":               "the decision of the web ACL",
	"waf.status":                    "the status of the web ACL's phase",
	"waf.error":                     "the error of the web ACL's phase",
	"authenticate.status":           "the status of authentication",
	"authenticate.error":            "the error of authentication",
	"authorizer.status":             "the status of the authorizer",
	"authorizer.error":              "the error of the authorizer",
	"authorizer.integrationStatus":  "the status of the call to the authorizer's function, not its decision",
	"authorize.status":              "the status of authorization",
	"authorize.error":               "the error of authorization",
	"integration.status":            "the status that the integration returned",
	"integration.integrationStatus": "the status of the service that the integration calls",
	"integration.error":             "the error of the integration",
	"integrationStatus":             "the status of the service that the integration calls",
	"integrationErrorMessage":       "the error of the integration",
	"customDomain.basePathMatched":  "the base path that a mapping took",
	"responseLatency":               "the time that the answer took",
	"identity.sourceIp":             "the address of the caller",
	"identity.apiKeyId":             "the id of the API key",
	"authorizer.principalId":        "the principal that the authorizer named",
	"integration.latency":           "the time that the integration took",
	"integration.requestId":         "the request id of the integration",
	"authorizer.requestId":          "the request id of the authorizer's function",
	"authorizer.latency":            "the time that the authorizer took",
	"authorize.latency":             "the time that authorization took",
	"authenticate.latency":          "the time that authentication took",
	"waf.latency":                   "the time that the web ACL took",
	"authorizer.integrationLatency": "the time that the authorizer's function took",
	"resourceId":                    "the id of the resource that took the request",
	"stage":                         "the stage",
	"eventType":                     "the event of the connection",
	"connectionId":                  "the id of the connection",
}

// LogFormat says which $context variable each key of a JSON access log holds. The zero value trusts the keys that bear a
// variable's name.
type LogFormat struct {
	keys  map[string]string // path of the key, joined with dots, to the variable
	texts []string          // paths of the keys that hold more or other than one variable

	text     *template // reads entries as text; nil: that cannot be done
	onlyText bool      // it is no JSON
}

var (
	bareVariable = regexp.MustCompile(`([:\[,]\s*)(\$context\.[A-Za-z0-9_.]+)`)
	oneVariable  = regexp.MustCompile(`^\$context\.([A-Za-z0-9_.]+)$`)
)

// ParseLogFormat reads the format of a stage's access log: a JSON object whose values are $context variables, or text
// among which they stand.
func ParseLogFormat(format string) (LogFormat, error) {
	if !strings.HasPrefix(strings.TrimSpace(format), "{") {
		t, err := parseTemplate(format)
		if err != nil {
			return LogFormat{}, err
		}
		return LogFormat{keys: t.keys(), text: t, onlyText: true}, nil
	}
	return ParseJSONLogFormat(format)
}

// ParseJSONLogFormat reads the format of an access log in JSON.
func ParseJSONLogFormat(format string) (LogFormat, error) {
	quoted := bareVariable.ReplaceAllString(format, `$1"$2"`)
	var fields map[string]any
	if err := json.Unmarshal([]byte(quoted), &fields); err != nil {
		return LogFormat{}, errors.New("got no valid JSON object, want the format of an access log")
	}
	f := LogFormat{keys: make(map[string]string)}
	flatten("", fields, func(path, value string) {
		if m := oneVariable.FindStringSubmatch(value); m != nil {
			f.keys[path] = m[1]
		} else {
			f.texts = append(f.texts, path)
		}
	})
	if len(f.keys) == 0 {
		return LogFormat{}, errors.New(`got no key that holds a variable, want some such as "status":"$context.status"`)
	}
	f.text, _ = parseTemplate(format) // where values break the JSON
	return f, nil
}

// flatten calls visit for each value that is no object, with the path of its keys.
func flatten(prefix string, fields map[string]any, visit func(path, value string)) {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch v := fields[key].(type) {
		case map[string]any:
			flatten(prefix+key+".", v, visit)
		case nil:
		default:
			visit(prefix+key, fmt.Sprint(v))
		}
	}
}

// variable is what a key holds, or "" if nobody knows.
func (f LogFormat) variable(path string) string {
	if f.keys != nil {
		return f.keys[path]
	}
	name := strings.TrimPrefix(path, "$context.")
	if _, ok := variables[name]; ok {
		return name
	}
	return ""
}

// plain are the letters and digits of a name: keys join the parts of a variable's name in many ways.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, name)
}

// byPlainName are the names of variables by their letters: "integrationStatus" and "integration.status" share them.
var byPlainName = func() map[string][]string {
	m := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		m[plain(name)] = append(m[plain(name)], name)
	}
	return m
}()

// namedBy are the variables whose name a key bears, be it nested in others.
func namedBy(path string) []string {
	named := byPlainName[plain(strings.TrimPrefix(path, "$context."))]
	for rest := path; named == nil; {
		var nested bool
		if _, rest, nested = strings.Cut(rest, "."); !nested {
			break
		}
		// "status" alone says nothing of whose status it is.
		if names := byPlainName[plain(rest)]; len(names) > 0 && strings.Contains(names[0], ".") {
			named = names
		}
	}
	return named
}

// remarks tell of keys that bear the name of another variable than they hold, and of those that nobody can read.
func (f LogFormat) remarks(paths []string) []string {
	var out, unread []string
	for _, path := range paths {
		named := namedBy(path)
		held := f.variable(path)
		switch {
		case len(named) == 0 || slices.Contains(named, held):
		case held != "":
			text := fmt.Sprintf("key %q holds $context.%s", path, held)
			if what := variables[held]; what != "" {
				text += " (" + what + ")"
			}
			out = append(out, text+", not $context."+named[0])
		default:
			unread = append(unread, fmt.Sprintf("%q", path))
		}
	}
	if len(unread) > 0 && f.keys == nil {
		out = append(out, "not read: "+strings.Join(unread, ", ")+": only --log-format says which variables these keys hold")
	}
	return out
}
