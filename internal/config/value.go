package config

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// kind is what a value is to YAML, in the words of messages.
type kind string

const (
	nothing kind = "nothing"
	boolean kind = "a boolean"
	number  kind = "a number"
	text    kind = "a string"
	list    kind = "a list"
	mapping kind = "a mapping"
)

// value is YAML with aliases followed and merge keys merged. An anchor that is used twice is one value.
type value struct {
	kind   kind
	text   string // of a scalar, as it is written: 007 stays 007
	items  []*value
	fields []field // in the order of the file, those that were merged behind
	at     place
	size   int // values in it, each use of an alias counted
}

type field struct {
	name  string
	at    place
	value *value
}

func (v *value) scalar() bool { return v.kind != nothing && v.kind != list && v.kind != mapping }

// field returns the value under name, or nil.
func (v *value) field(name string) *value {
	if v == nil {
		return nil
	}
	if i := v.index(name); i >= 0 {
		return v.fields[i].value
	}
	return nil
}

// index is the position of the field name, or -1.
func (v *value) index(name string) int {
	return slices.IndexFunc(v.fields, func(f field) bool { return f.name == name })
}

// names are the keys of a mapping.
func (v *value) names() []string {
	if v == nil {
		return nil
	}
	var names []string
	for _, f := range v.fields {
		names = append(names, f.name)
	}
	return names
}

// converter turns yaml's nodes into values.
type converter struct {
	file   string
	wrong  *notes
	done   map[*yaml.Node]*value // nil while it is being converted
	merged int                   // fields that merge keys copied
}

// maxValues bounds what aliases may expand to: a few lines of them can make billions.
const maxValues = 200_000

// document converts the root, and returns nil if it is too large to be walked.
func (c *converter) document(n *yaml.Node) *value {
	v := c.value(n)
	if v.size > maxValues {
		c.wrong.add(v.at, "got aliases that expand to more than %d values", maxValues)
		return nil
	}
	return v
}

func (c *converter) place(n *yaml.Node) place { return place{c.file, n.Line, n.Column} }

func (c *converter) value(n *yaml.Node) *value {
	if n.Kind == yaml.AliasNode {
		return c.alias(n)
	}
	if v, ok := c.done[n]; ok {
		return v
	}
	c.done[n] = nil
	v := &value{at: c.place(n), size: 1}
	switch n.Kind {
	case yaml.SequenceNode:
		v.kind = list
		for _, item := range n.Content {
			v.items = append(v.items, c.value(item))
		}
	case yaml.MappingNode:
		v.kind = mapping
		c.fields(n, v)
	default:
		v.kind, v.text = c.scalarKind(n), n.Value
	}
	for _, item := range v.items {
		v.size = min(v.size+item.size, maxValues+1)
	}
	for _, f := range v.fields {
		v.size = min(v.size+f.value.size, maxValues+1)
	}
	c.done[n] = v
	return v
}

// alias is the value of the anchor. An anchor can stand around its own alias, which has no end.
func (c *converter) alias(n *yaml.Node) *value {
	if v, ok := c.done[n.Alias]; ok && v == nil {
		c.wrong.add(c.place(n), "got an alias to what it stands in, want one to an anchor before it")
		return &value{kind: nothing, at: c.place(n), size: 1}
	}
	return c.value(n.Alias)
}

func (c *converter) scalarKind(n *yaml.Node) kind {
	switch n.ShortTag() {
	case "!!null":
		return nothing
	case "!!bool":
		return boolean
	case "!!int", "!!float":
		return number
	case "!!str", "!!timestamp", "!!merge":
		return text
	default:
		c.wrong.add(c.place(n), "got a value with a tag (\"!…\"), want none; quote a text that begins with \"!\"")
		return text
	}
}

// fields fills in a mapping. Duplicate keys are not named: the place says it all, and a key may be a secret that
// stands in the wrong place.
func (c *converter) fields(n *yaml.Node, v *value) {
	var merged []*yaml.Node
	seen := make(map[string]place)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, content, at := n.Content[i], n.Content[i+1], c.place(n.Content[i])
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch first, again := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			c.wrong.add(at, "got a key that is not a word")
		case key.ShortTag() == "!!merge":
			merged = append(merged, content)
		case again:
			c.wrong.add(at, "got the key of line %d again, want it once", first.line)
		default:
			seen[key.Value] = at
			v.fields = append(v.fields, field{key.Value, at, c.value(content)})
		}
	}
	for _, m := range merged {
		c.merge(m, v, seen)
	}
}

// merge adds what stands under "<<": a mapping, or a list of mappings of which the first wins. Keys of the mapping
// itself, which are seen already, win over all.
func (c *converter) merge(n *yaml.Node, v *value, seen map[string]place) {
	from := c.value(n)
	sources := []*value{from}
	if from.kind == list {
		sources = from.items
	}
	for _, source := range sources {
		if source.kind != mapping {
			c.wrong.add(c.place(n), `"<<": got %s, want a mapping or a list of mappings`, source.kind)
			continue
		}
		if c.merged += len(source.fields); c.merged > maxValues {
			v.size = maxValues + 1
			return
		}
		for _, f := range source.fields {
			if _, ok := seen[f.name]; !ok {
				seen[f.name] = f.at
				v.fields = append(v.fields, f)
			}
		}
	}
}
