package config

// shape is what stands under a key: a scalar, a mapping with keys of the schema, a list, or a mapping with free
// names. It is data, which the checker interprets.
type shape struct {
	scalar scalarFunc
	object object
	items  *shape
	single bool // of a list: one item may stand without brackets
	values *shape
	naming scalarFunc // of the names of values
	full   bool       // at least one item or name
}

// scalarFunc reads a scalar, or says what is wrong with it.
type scalarFunc func(c *checker, v *value) (any, *wrong)

// wrong is what is wrong with a scalar. Where got is empty, the checker describes the value, as far as it may.
type wrong struct{ got, want string }

func scalar(f scalarFunc) shape       { return shape{scalar: f} }
func mappingOf(o object) shape        { return shape{object: o} }
func or(f scalarFunc, o object) shape { return shape{scalar: f, object: o} }
func listOf(s shape) shape            { return shape{items: &s} }
func oneOrMore(s shape) shape         { return shape{items: &s, single: true} }

// named is a mapping in which naming says which names are good.
func named(naming scalarFunc, s shape) shape { return shape{values: &s, naming: naming} }

// some demands at least one item or name.
func some(s shape) shape {
	s.full = true
	return s
}

// want says which kinds of value fit.
func (s shape) want() string {
	switch {
	case s.object == inReference && s.scalar != nil:
		return "a string or a reference"
	case s.object != 0:
		if want := objectRules[s.object].want; want != "" {
			return want
		}
		return "a mapping"
	case s.values != nil:
		return "a mapping"
	case s.single:
		return s.items.want() + " or a list"
	case s.items != nil:
		return "a list"
	default:
		return "a single value"
	}
}
