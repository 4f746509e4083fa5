package capture

import (
	"maps"
	"slices"
	"strings"
)

// LogKey is a key of a JSON access log.
type LogKey struct {
	Path     string // of the key, joined with dots
	Variable string // of $context, that it holds; "": more or other than one variable
	Holds    string // what the variable is; "": nothing here reads it
	Named    string // the variable whose name the key bears, where it holds another; "": none
}

// Keys are all keys of a format, by their paths.
func (f LogFormat) Keys() []LogKey {
	out := make([]LogKey, 0, len(f.keys)+len(f.texts))
	for path, name := range f.keys {
		k := LogKey{Path: path, Variable: name, Holds: variables[name]}
		if named := namedBy(path); len(named) > 0 && !slices.Contains(named, name) {
			k.Named = named[0]
		}
		out = append(out, k)
	}
	for _, path := range f.texts {
		out = append(out, LogKey{Path: path})
	}
	slices.SortFunc(out, func(a, b LogKey) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Mislabelled tells of the keys that bear the name of another variable than they hold.
func (f LogFormat) Mislabelled() []string { return f.remarks(slices.Sorted(maps.Keys(f.keys))) }
