package config

// layers are the mappings in which a setting is looked up, the nearest first: route, api of the environment, shared
// api, environment, defaults. Those that do not exist are nil.
type layers []*node

// find returns the nearest value of a setting, or nil.
func (l layers) find(name string) *node {
	for _, n := range l {
		if found := n.field(name); found != nil {
			return found
		}
	}
	return nil
}

// under returns the layers around n, and n before them.
func (l layers) under(n ...*node) layers { return append(append(layers{}, n...), l...) }
