package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Validator checks a request before the integration sees it.
type Validator struct {
	// Parameters are required. They are spelled method.request.header.NAME,
	// method.request.path.NAME or method.request.querystring.NAME.
	Parameters []string

	Body         *Schema  // of a body of application/json; nil: not checked
	ContentTypes []string // that the method takes; empty: all
}

// Schema is the part of JSON Schema that a model here may use. The zero value
// fits everything.
type Schema struct {
	Type       string // object, array, string, number, integer or boolean
	Required   []string
	Properties map[string]Schema
	Items      *Schema
}

const (
	jsonType   = "application/json"
	parameters = "method.request."
)

// checkRequest validates parameters first, then the body, then its type.
func checkRequest(x *exchange) *refusal {
	v := x.route.Validator
	if v == nil {
		return nil
	}
	var missing []string
	for _, p := range v.Parameters {
		if place, name, _ := strings.Cut(strings.TrimPrefix(p, parameters), "."); !x.hasParameter(place, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return &refusal{cause: "bad-request-parameters", kind: badParameters,
			message: "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"}
	}
	contentType := x.contentType()
	if v.Body != nil && contentType == jsonType {
		if detail := v.Body.mismatch(x.body); detail != "" {
			return &refusal{cause: "bad-request-body", kind: badBody, message: "Invalid request body", detail: "[" + detail + "]"}
		}
	}
	if len(v.ContentTypes) > 0 && !slices.Contains(v.ContentTypes, contentType) {
		return &refusal{cause: "unsupported-media-type", kind: unsupportedMediaType, message: "Unsupported Media Type"}
	}
	return nil
}

// hasParameter tells whether the request has a parameter that is not empty.
func (x *exchange) hasParameter(place, name string) bool {
	switch place {
	case "header":
		return x.r.Header.Get(name) != ""
	case "querystring":
		return x.queryValues().Get(name) != ""
	}
	return slices.ContainsFunc(segments(x.route.Path), func(s string) bool {
		return s == "{"+name+"}" || s == "{"+name+"+}"
	})
}

// contentType is that of the request, which is JSON if it does not say.
func (x *exchange) contentType() string {
	header := x.r.Header.Get("Content-Type")
	if header == "" {
		return jsonType
	}
	if t, _, err := mime.ParseMediaType(header); err == nil {
		return t
	}
	return header
}

// mismatch says why a body does not fit, or nothing.
func (s *Schema) mismatch(body []byte) string {
	var value any
	if len(body) > 0 && json.Unmarshal(body, &value) != nil {
		return "the body is not JSON"
	}
	return s.complain(value)
}

func (s *Schema) complain(value any) string {
	if got := typeOf(value); s.Type != "" && got != s.Type && (got != "integer" || s.Type != "number") {
		allowed := `\"` + s.Type + `\"`
		if s.Type == "number" {
			allowed = `\"integer\",` + allowed
		}
		return fmt.Sprintf("instance type (%s) does not match any allowed primitive type (allowed: [%s])", got, allowed)
	}
	if object, ok := value.(map[string]any); ok {
		var missing []string
		for _, name := range s.Required {
			if _, ok := object[name]; !ok {
				missing = append(missing, `\"`+name+`\"`)
			}
		}
		if len(missing) > 0 {
			return "object has missing required properties ([" + strings.Join(missing, ",") + "])"
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if value, ok := object[name]; ok {
				property := s.Properties[name]
				if detail := property.complain(value); detail != "" {
					return detail
				}
			}
		}
	}
	if items, ok := value.([]any); ok && s.Items != nil {
		for _, item := range items {
			if detail := s.Items.complain(item); detail != "" {
				return detail
			}
		}
	}
	return ""
}

// typeOf names a JSON value's type as a schema does.
func typeOf(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

var schemaTypes = []string{"", "object", "array", "string", "number", "integer", "boolean"}

func (v *Validator) validate(p *problems, where string) {
	for _, name := range v.Parameters {
		parts := strings.SplitN(strings.TrimPrefix(name, parameters), ".", 2)
		if !strings.HasPrefix(name, parameters) || len(parts) != 2 || parts[1] == "" ||
			!slices.Contains([]string{"header", "path", "querystring"}, parts[0]) {
			p.add("%s: got parameter %q, want one like method.request.header.NAME", where, name)
		}
	}
	if v.Body != nil {
		v.Body.validate(p, where)
	}
}

func (s *Schema) validate(p *problems, where string) {
	if !slices.Contains(schemaTypes, s.Type) {
		p.add("%s: unknown type %q in a schema", where, s.Type)
	}
	for _, property := range s.Properties {
		property.validate(p, where)
	}
	if s.Items != nil {
		s.Items.validate(p, where)
	}
}

// maxFunctionBody is Lambda's limit, lower than the gateway's own.
const maxFunctionBody = 6 << 20

var tooLargeForFunction = refusal{cause: "request-too-large", kind: requestTooLarge, onHTTP: http.StatusRequestEntityTooLarge,
	message: "Request Too Long"}
