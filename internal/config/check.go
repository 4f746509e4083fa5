package config

import (
	"fmt"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// checker compares values with the schema and reads them on the way.
type checker struct {
	opts       Options
	wrong      *notes
	warnings   *notes
	principals []string // names that are declared
	shared     []string
	references map[place]*probe.Reference // one for each place, so that each is resolved once
	limits     map[string]any             // what a scalar function says of itself; nil: nobody asks
}

// context is what the key above a value says about it.
type context struct {
	subject string
	private bool // never quote it in a message
	hidden  bool // never print it
}

// check reads v by the shape s. A value of the wrong kind gives a node that is there and says nothing, so that nobody
// misses it.
func (c *checker) check(v *value, s shape, x context) *node {
	switch {
	case s.object != 0 && v.kind == mapping:
		return c.object(v, s.object, x)
	case s.values != nil && v.kind == mapping:
		return c.named(v, s, x)
	case s.items != nil && v.kind == list:
		return c.list(v, s, x)
	case s.single:
		return &node{at: v.at, items: []*node{c.check(v, *s.items, x)}}
	case s.scalar != nil && v.scalar():
		return c.scalar(v, s.scalar, x)
	default:
		c.wrong.add(v.at, "%q: got %s, want %s", x.subject, v.kind, s.want())
		return &node{at: v.at}
	}
}

func (c *checker) scalar(v *value, f scalarFunc, x context) *node {
	n := &node{at: v.at, text: v.text, hidden: x.hidden}
	data, w := f(c, v)
	if w == nil {
		n.data = data
		return n
	}
	got := w.got
	if got == "" {
		got = describe(v, x.private)
	}
	c.wrong.add(v.at, "%q: got %s, want %s", x.subject, got, w.want)
	return n
}

// describe quotes a scalar if that gives nothing away, or names its kind.
func describe(v *value, private bool) string {
	switch {
	case v.text == "" && v.kind == text:
		return "an empty string"
	case private || !quotable(v.text):
		return string(v.kind)
	case v.kind == number, v.kind == boolean:
		return v.text
	default:
		return fmt.Sprintf("%q", v.text)
	}
}

func (c *checker) list(v *value, s shape, x context) *node {
	n := &node{at: v.at}
	for _, item := range v.items {
		n.items = append(n.items, c.check(item, *s.items, x))
	}
	if s.full && len(v.items) == 0 {
		c.wrong.add(v.at, "%q: got an empty list, want at least one item", x.subject)
	}
	return n
}

func (c *checker) named(v *value, s shape, x context) *node {
	n := &node{at: v.at}
	for _, f := range v.fields {
		if _, w := s.naming(c, &value{kind: text, text: f.name, at: f.at}); w != nil {
			got := w.got
			if got == "" {
				got = describe(&value{kind: text, text: f.name}, x.private)
			}
			c.wrong.add(f.at, "%q: got %s, want %s", x.subject, got, w.want)
		}
		n.fields = append(n.fields, member{f.name, f.at, c.check(f.value, *s.values, x)})
	}
	if s.full && len(v.fields) == 0 {
		c.wrong.add(v.at, "%q: got an empty mapping, want at least one name", x.subject)
	}
	return n
}

// object reads a mapping whose keys are words of the schema.
func (c *checker) object(v *value, o object, x context) *node {
	n := &node{at: v.at}
	rules, keys := objectRules[o], keysOf(o)
	private := x.private || rules.private
	for _, f := range v.fields {
		i := slices.IndexFunc(keys, func(k *key) bool { return k.name == f.name })
		if i < 0 {
			c.unknownKey(f, o, keys, private)
			n.fields = append(n.fields, member{f.name, f.at, &node{at: f.value.at}}) // it still counts as a source
			continue
		}
		k := keys[i]
		inner := context{subject: k.name, private: private || k.hidden, hidden: x.hidden || k.hidden}
		n.fields = append(n.fields, member{f.name, f.at, c.check(f.value, k.shape, inner)})
	}
	for _, k := range keys {
		if k.must&o != 0 && v.field(k.name) == nil {
			c.wrong.add(v.at, "%s: got no %q, want one", rules.name, k.name)
		}
	}
	if rules.check != nil {
		rules.check(c, n)
	}
	return n
}

func (c *checker) unknownKey(f field, o object, keys []*key, private bool) {
	if o == topLevel && strings.HasPrefix(f.name, ignoredPrefix) {
		return
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	got := "an unknown key"
	if !private && quotable(f.name) || nearest(names, f.name) != "" {
		got = fmt.Sprintf("unknown key %q", f.name)
	}
	c.wrong.add(f.at, "%s: got %s, want %s", objectRules[o].name, got, oneOf(names, f.name))
}
