package config

// node is a value that the schema allows where it stands. What was wrong has no data.
type node struct {
	at     place
	text   string // of a scalar, as it is printed
	hidden bool   // the text may be or hold a secret
	data   any    // of a scalar or a reference, what it says
	fields []member
	items  []*node
}

type member struct {
	name   string
	nameAt place
	*node
}

// field returns the node under name, or nil.
func (n *node) field(name string) *node { return n.member(name).node }

func (n *node) member(name string) member {
	if n == nil {
		return member{}
	}
	for _, f := range n.fields {
		if f.name == name {
			return f
		}
	}
	return member{}
}

// dataOf returns what n says, or the zero value if it is absent or wrong.
func dataOf[T any](n *node) T {
	var zero T
	if n == nil {
		return zero
	}
	if data, ok := n.data.(T); ok {
		return data
	}
	return zero
}

// dataOfAll returns what the items of n say.
func dataOfAll[T any](n *node) []T {
	if n == nil {
		return nil
	}
	var all []T
	for _, item := range n.items {
		if item.data != nil {
			all = append(all, dataOf[T](item))
		}
	}
	return all
}

// items are the items of n, if it is there.
func items(n *node) []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// each calls f for the fields of n, if there are any.
func each(n *node, f func(member)) {
	if n != nil {
		for _, m := range n.fields {
			f(m)
		}
	}
}

// put sets an entry of a map that may not exist yet.
func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = v
}
