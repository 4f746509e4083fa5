package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object of an answer. Names are spelled as in the services'
// models.
type object = map[string]any

// list is a JSON array of an answer; none of them is null.
type list = []any

// blob is an answer that is no JSON.
type blob struct {
	contentType string
	header      map[string]string
	content     []byte
}

// wire is a protocol that services speak: how an operation is named, and what
// answers and errors look like.
type wire struct {
	find  func(*call) (*operation, error)
	write func(c *call, w http.ResponseWriter, operation string, out any)
	fail  func(*call, http.ResponseWriter, *failure)
}

// The protocols.
var (
	restJSON = wire{findByPath, writeJSON, failREST}
	awsJSON  = wire{findByTarget, writeJSON, failJSON}
	awsQuery = wire{findByForm, writeQuery, failQuery}
	ec2Query = wire{findByForm, writeEC2, failEC2}
)

func (c *call) unknown(operation string) error {
	return &failure{http.StatusBadRequest, "UnknownOperationException", "the sandbox does not know " + c.service.name + " " + operation}
}

func findByPath(c *call) (*operation, error) {
	handler, _ := c.service.paths.Handler(c.r)
	found, ok := handler.(foundOperation)
	if !ok {
		return nil, c.unknown(c.r.Method + " " + c.r.URL.Path)
	}
	c.service.paths.ServeHTTP(discard{}, c.r) // this alone fills in the values of the path
	return found.operation, c.readJSON()
}

// discard is for a handler that writes nothing.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

func (c *call) readJSON() error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, &c.input); err != nil {
		return &failure{http.StatusBadRequest, "SerializationException", "the body is not JSON"}
	}
	return nil
}

func findByTarget(c *call) (*operation, error) {
	_, name, _ := strings.Cut(c.r.Header.Get("X-Amz-Target"), ".")
	op, err := c.named(name)
	if err != nil {
		return nil, err
	}
	return op, c.readJSON()
}

func findByForm(c *call) (*operation, error) {
	var err error
	if c.form, err = url.ParseQuery(string(c.body)); err != nil {
		return nil, &failure{http.StatusBadRequest, "MalformedQueryString", "the body is no form"}
	}
	return c.named(c.form.Get("Action"))
}

func (c *call) named(name string) (*operation, error) {
	i := slices.IndexFunc(c.service.operations, func(o operation) bool { return o.name == name })
	if i < 0 {
		return nil, c.unknown(name)
	}
	return &c.service.operations[i], nil
}

func writeJSON(c *call, w http.ResponseWriter, _ string, out any) {
	b, ok := out.(blob)
	if !ok {
		content, err := json.Marshal(out)
		if err != nil {
			panic("sandbox: writing an answer: " + err.Error())
		}
		b = blob{contentType: "application/json", content: content}
	}
	for name, value := range b.header {
		w.Header().Set(name, value)
	}
	c.send(w, http.StatusOK, b.contentType, b.content)
}

func (c *call) send(w http.ResponseWriter, status int, contentType string, content []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set(requestIDHeader, c.id)
	w.WriteHeader(status)
	_, _ = w.Write(content) // the client has gone if this fails
}

func failREST(c *call, w http.ResponseWriter, f *failure) {
	w.Header().Set("X-Amzn-Errortype", f.code)
	content, _ := json.Marshal(object{"message": f.message}) // texts always encode
	c.send(w, f.status, "application/json", content)
}

func failJSON(c *call, w http.ResponseWriter, f *failure) {
	content, _ := json.Marshal(object{"__type": f.code, "message": f.message})
	c.send(w, http.StatusBadRequest, "application/x-amz-json-1.1", content)
}

// field is an element of an XML answer, with text or further elements in it.
type field struct {
	name string
	in   any // string, or []field
}

func (f field) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(f.in, xml.StartElement{Name: xml.Name{Local: f.name}})
}

// fields are elements one after the other.
type fields []field

func (all fields) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, f := range all {
		if err := e.Encode(f); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

func (c *call) sendXML(w http.ResponseWriter, status int, root field) {
	var b bytes.Buffer
	if err := xml.NewEncoder(&b).Encode(root); err != nil {
		panic("sandbox: writing an answer: " + err.Error())
	}
	c.send(w, status, "text/xml", b.Bytes())
}

func writeQuery(c *call, w http.ResponseWriter, operation string, out any) {
	c.sendXML(w, http.StatusOK, field{operation + "Response", fields{
		{operation + "Result", out}, {"ResponseMetadata", fields{{"RequestId", c.id}}},
	}})
}

func failQuery(c *call, w http.ResponseWriter, f *failure) {
	c.sendXML(w, f.status, field{"ErrorResponse", fields{
		{"Error", fields{{"Type", "Sender"}, {"Code", f.code}, {"Message", f.message}}}, {"RequestId", c.id},
	}})
}

func writeEC2(c *call, w http.ResponseWriter, operation string, out any) {
	c.sendXML(w, http.StatusOK, field{operation + "Response", append(fields{{"requestId", c.id}}, out.(fields)...)})
}

func failEC2(c *call, w http.ResponseWriter, f *failure) {
	c.sendXML(w, f.status, field{"Response", fields{
		{"Errors", fields{{"Error", fields{{"Code", f.code}, {"Message", f.message}}}}}, {"RequestID", c.id},
	}})
}

// page cuts one page out of all: the size that was asked for, if the service has
// no smaller one, from where the last page ended.
func page[T any](c *call, all []T, asked string, token string, usual int) (some []T, next string, err error) {
	size := usual
	if n, err := strconv.Atoi(asked); err == nil && n > 0 {
		size = n
	}
	if limit := c.model.ControlPlane.PageSize; limit > 0 {
		size = min(size, limit)
	}
	start := 0
	if token != "" {
		text, _ := base64.RawURLEncoding.DecodeString(token)
		if start, err = strconv.Atoi(string(text)); err != nil || start < 0 || start > len(all) {
			return nil, "", &failure{http.StatusBadRequest, "BadRequestException", "Invalid page token"}
		}
	}
	end := min(start+size, len(all))
	if end < len(all) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return all[start:end], next, nil
}
