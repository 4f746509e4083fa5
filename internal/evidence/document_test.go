package evidence

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const asked = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/GET/orders/42"

// evaluated is what statements say of the invocation of a method by nobody.
func evaluated(t *testing.T, statements string) opinion {
	t.Helper()
	d, err := parseDocument([]byte(`{"Version":"2012-10-17","Statement":` + statements + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return d.on(question{action: "execute-api:Invoke", resource: asked, anonymous: true, context: map[string]string{"aws:sourceaccount": "111122223333"}})
}

func TestDocument(t *testing.T) {
	of := func(effect, rest string) string { return `{"Effect":"` + effect + `",` + rest + `}` }
	const call, all = `"Action":"execute-api:Invoke",`, `"Resource":"*"`
	for _, c := range []struct {
		name, statements string
		want             opinion
	}{
		{"one statement", of("Allow", call+all), opinion{ruling: allow}},
		{"lists", `[` + of("Allow", `"Action":["s3:*","execute-api:*"],"Resource":["arn:x","`+asked+`"]`) + `]`, opinion{ruling: allow}},
		{"deny goes over allow", `[` + of("Allow", call+all) + `,` + of("Deny", call+all) + `]`, opinion{ruling: deny}},
		{"in the other order", `[` + of("Deny", call+all) + `,` + of("Allow", call+all) + `]`, opinion{ruling: deny}},
		{"another action", of("Allow", `"Action":"execute-api:ManageConnections",`+all), opinion{}},
		{"actions have no case", of("Allow", `"Action":"EXECUTE-API:invoke",`+all), opinion{ruling: allow}},
		{"resources have", of("Allow", call+`"Resource":"`+strings.ToUpper(asked)+`"`), opinion{}},
		{"not this action", of("Allow", `"NotAction":"execute-api:Invoke",`+all), opinion{}},
		{"all other actions", of("Allow", `"NotAction":"s3:*",`+all), opinion{ruling: allow}},
		{"not this resource", of("Deny", call+`"NotResource":"*/prod/GET/*"`), opinion{}},
		{"all other resources", of("Deny", call+`"NotResource":"*/prod/POST/*"`), opinion{ruling: deny}},
		{"another path", of("Allow", call+`"Resource":"`+strings.TrimSuffix(asked, "42")+`41"`), opinion{}},
		{"any one character", of("Allow", call+`"Resource":"`+strings.TrimSuffix(asked, "42")+`4?"`), opinion{ruling: allow}},
		{"a character that is not there", of("Allow", call+`"Resource":"`+asked+`?"`), opinion{}},
		{"conditional allow", of("Allow", call+all+`,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), opinion{unsure: []string{"IpAddress of aws:SourceIp"}}},
		{
			"conditional deny beside an allow", `[` + of("Allow", call+all) + `,` + of("Deny", call+all+`,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`) + `]`,
			opinion{ruling: allow, unsure: []string{"Bool of aws:SecureTransport"}},
		},
		{"conditional allow beside a deny", `[` + of("Deny", call+all) + `,` + of("Allow", call+all+`,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`) + `]`, opinion{ruling: deny}},
		{"a condition that is known to hold", of("Allow", call+all+`,"Condition":{"StringEquals":{"AWS:SourceAccount":["1","111122223333"]}}`), opinion{ruling: allow}},
		{"a condition that is known not to hold", of("Allow", call+all+`,"Condition":{"StringLike":{"aws:SourceAccount":"4*"},"Bool":{"x":"true"}}`), opinion{}},
		{"a policy variable", of("Allow", call+`"Resource":"*/${aws:userid}"`), opinion{unsure: []string{"its policy variables"}}},
		{"everybody", of("Allow", call+all+`,"Principal":"*"`), opinion{ruling: allow}},
		{"everybody of AWS", of("Allow", call+all+`,"Principal":{"AWS":["*"]}`), opinion{ruling: allow}},
		{"somebody, and nobody asks", of("Allow", call+all+`,"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`), opinion{}},
		{"a service", of("Allow", call+all+`,"Principal":{"Service":"apigateway.amazonaws.com"}`), opinion{}},
		{"not somebody", of("Deny", call+all+`,"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}`), opinion{unsure: []string{"its principal"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, evaluated(t, c.statements), cmp.AllowUnexported(opinion{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// Somebody who is not known may be any of those that a policy names, and a service is only itself.
func TestDocumentPrincipals(t *testing.T) {
	d, err := parseDocument([]byte(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":"111122223333"}},
		{"Effect":"Deny","Action":"*","Resource":"*","Principal":{"Service":["events.amazonaws.com"]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    question
		want opinion
	}{
		{question{action: "a:b"}, opinion{unsure: []string{"its principal"}}},
		{question{action: "a:b", service: "events.amazonaws.com"}, opinion{ruling: deny}},
		{question{action: "a:b", service: "apigateway.amazonaws.com"}, opinion{}},
		{question{action: "a:b", anonymous: true}, opinion{}},
	} {
		if d := cmp.Diff(c.want, d.on(c.q), cmp.AllowUnexported(opinion{})); d != "" {
			t.Errorf("%+v: %s", c.q, d)
		}
	}
}

func TestDocumentIsNone(t *testing.T) {
	const rest = `"Action":"execute-api:Invoke","Resource":"*"`
	for text, want := range map[string]string{
		``:                   "reading a policy: got no JSON object",
		`"Allow"`:            "reading a policy: got no JSON object",
		`null`:               "reading a policy: got no JSON object",
		`{}`:                 "reading a policy: got no Statement",
		`{"Statement":null}`: "reading a policy: got no Statement",
		`{"Statement":"x"}`:  "reading a policy: got no Statement",
		`{"statement":[{}]}`: "reading a policy: got no Statement",
		`{"Statement":[{"Effect":"allow",` + rest + `}]}`:                                                          `reading a policy: statement 1: got Effect "allow", want "Allow" or "Deny"`,
		`{"Statement":[{"Effect":"Allow",` + rest + `},{"Effect":"Allow","Resource":"*"}]}`:                        "reading a policy: statement 2: got none or both of Action and NotAction, want one",
		`{"Statement":{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}}`:                         "reading a policy: statement 1: got none or both of Action and NotAction, want one",
		`{"Statement":{"Effect":"Allow","Action":"a:b"}}`:                                                          "reading a policy: statement 1: got none or both of Resource and NotResource, want one",
		`{"Statement":{"Effect":"Allow","Action":{"a":1},"Resource":"*"}}`:                                         "reading a policy: statement 1: got a Action that is neither a text nor a list of texts",
		`{"Statement":{"Effect":"Allow","Action":"a:b","Resource":[1]}}`:                                           "reading a policy: statement 1: got a Resource that is neither a text nor a list of texts",
		`{"Statement":{"Effect":"Allow",` + rest + `,"Condition":[]}}`:                                             "reading a policy: statement 1: got a Condition that is no block of conditions",
		`{"Statement":{"Effect":"Allow",` + rest + `,"Condition":{"Bool":{"aws:SecureTransport":{"is":"true"}}}}}`: "reading a policy: statement 1: got a aws:SecureTransport that is neither a text nor a list of texts",
	} {
		if _, err := parseDocument([]byte(text)); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// A policy of a Lambda authorizer and a resource policy count together: Table A of the developer guide's
// apigateway-authorization-flow.
func TestRulingTogether(t *testing.T) {
	for _, c := range []struct{ function, resource, want ruling }{
		{allow, allow, allow}, {allow, silent, allow}, {allow, deny, deny},
		{silent, allow, allow}, {silent, silent, silent}, {silent, deny, deny},
		{deny, allow, deny}, {deny, silent, deny}, {deny, deny, deny},
	} {
		var d document
		for _, r := range []ruling{c.function, c.resource} {
			if r != silent {
				d = append(d, statement{effect: r, actions: []string{"*"}, resources: []string{"*"}})
			}
		}
		if got := d.on(question{action: invokeAction, resource: asked}).ruling; got != c.want {
			t.Errorf("function %q, resource policy %q: got %q, want %q", c.function, c.resource, got, c.want)
		}
	}
}

func FuzzGlob(f *testing.F) {
	for _, pattern := range []string{"", "*", "?", "a*b?c", "**", "*/GET/*", "?*?", "é?"} {
		for _, text := range []string{"", "a", "axxbyc", "x/GET/y", "éa", "*"} {
			f.Add(pattern, text)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		pattern, text = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(text, "")
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile(`(?s)\A` + quoted + `\z`).MatchString(text); glob(pattern, text) != want {
			t.Errorf("%q matches %q: got %t, want %t", pattern, text, !want, want)
		}
	})
}

// A policy that is read says the same when it is written and read again, and a deny of everything more ends all doubt.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + asked + `"}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Deny","NotAction":["a:*"],"NotResource":"${x}","Principal":{"AWS":"*"},"Condition":{"ArnLike":{"aws:SourceArn":"arn:*"}}}}`))
	f.Add([]byte(`{"Statement":[null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseDocument(text)
		if err != nil {
			return
		}
		q := question{action: invokeAction, resource: asked, context: map[string]string{"aws:sourcearn": asked}}
		once := d.on(q)
		if once.ruling == deny && once.unsure != nil {
			t.Errorf("got the doubts %q about a deny, want none", once.unsure)
		}
		var compact any
		if json.Unmarshal(text, &compact) == nil {
			if again, err := json.Marshal(compact); err == nil {
				if second, err := parseDocument(again); err != nil || cmp.Diff(once, second.on(q), cmp.AllowUnexported(opinion{})) != "" {
					t.Errorf("written again: got %v, %v, want %v", second, err, once)
				}
			}
		}
		d = append(d, statement{effect: deny, actions: []string{"*"}, resources: []string{"*"}})
		if got := d.on(q); got.ruling != deny || got.unsure != nil {
			t.Errorf("with a deny of everything: got %v", got)
		}
	})
}
