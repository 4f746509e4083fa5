package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"apigwprobe/probe"
)

// notShown stands for values that may be or hold a secret.
const notShown = "(not shown)"

// Print writes every setting that holds in an environment, the line that it comes from, and what that line stands in;
// or "default". Secrets show as their references.
func (f *File) Print(w io.Writer, environment string) error {
	if err := f.known(environment); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	p := printer{table}
	n := f.top.field("environments").member(environment)
	outer := origins{{inEnvironment, n.node}, {inDefaults, f.top.field("defaults")}}
	p.row("environment", environment, n.nameAt, inEnvironment)
	p.settings("", outer, func(k *key) bool { return k.in&inEnvironment != 0 && k.in&inAPI == 0 && k.name != "apis" })
	b := f.build(environment, false, new(notes), new(notes))
	each(f.top.field("principals"), func(m member) {
		if _, used := b.plan.Principals[m.name]; used {
			p.principal(m)
		}
	})
	for _, entry := range items(n.field("apis")) {
		p.api(entry, b.shared(entry), outer)
	}
	return table.Flush()
}

// origins are layers that know what they are.
type origins []struct {
	object object
	node   *node
}

type printer struct{ w io.Writer }

func (p printer) row(setting, value string, at place, o object) {
	_, _ = fmt.Fprintf(p.w, "%s\t%s:%d\t%s\t%s\n", setting, at.file, at.line, objectRules[o].name, value)
}

func (p printer) principal(m member) {
	prefix := "principals." + m.name
	if len(m.fields) == 0 {
		p.row(prefix, "the SDK's default chain", m.nameAt, inPrincipal)
	}
	p.settings(prefix+".", origins{{inPrincipal, m.node}}, func(k *key) bool { return k.in&inPrincipal != 0 })
}

func (p printer) api(entry, shared *node, outer origins) {
	name, _ := apiName(entry)
	prefix := "apis." + dataOf[string](name)
	p.row(prefix, dataOf[string](name), name.at, inAPI)
	all := append(origins{{inAPI, entry}, {inShared, shared}}, outer...)
	p.settings(prefix+".", all, func(k *key) bool {
		return k.in&inAPI != 0 && k.name != "routes" && k.name != "name" && k.in&inRoute == 0
	})
	for _, o := range all[:2] {
		for _, route := range items(o.node.field("routes")) {
			line := dataOf[request](route.field("request")).String()
			p.settings(prefix+"["+line+"].", append(origins{{inRoute, route}}, all...), func(k *key) bool {
				return k.in&inRoute != 0 && k.name != "request"
			})
		}
		if o.node.field("routes") != nil {
			return // the nearest routes hide others
		}
	}
}

// settings writes the nearest value of each key that counts.
func (p printer) settings(prefix string, from origins, counts func(*key) bool) {
	for i := range schema {
		k := &schema[i]
		if !counts(k) {
			continue
		}
		if o, n := from.find(k.name); n != nil {
			p.node(prefix+k.name, n, o)
		} else if k.fallback != "" {
			_, _ = fmt.Fprintf(p.w, "%s\tdefault\t\t%s\n", prefix+k.name, k.fallback)
		}
	}
}

func (o origins) find(name string) (object, *node) {
	for _, l := range o {
		if n := l.node.field(name); n != nil {
			return l.object, n
		}
	}
	return 0, nil
}

// node writes a value, one row for each scalar in it.
func (p printer) node(setting string, n *node, o object) {
	r, isReference := n.data.(*probe.Reference)
	switch {
	case isReference:
		p.row(setting, r.String(), n.at, o)
	case len(n.fields) > 0:
		for _, f := range n.fields {
			p.node(setting+"."+f.name, f.node, o)
		}
	case len(n.items) > 0:
		p.items(setting, n, o)
	case n.hidden:
		p.row(setting, notShown, n.at, o)
	default:
		p.row(setting, strings.Join(strings.Fields(n.text), " "), n.at, o)
	}
}

// items writes scalars in one row, and mappings with their numbers.
func (p printer) items(setting string, n *node, o object) {
	var texts []string
	hidden := false
	for i, item := range n.items {
		if len(item.fields) > 0 {
			p.node(fmt.Sprintf("%s[%d]", setting, i), item, o)
			continue
		}
		texts, hidden = append(texts, item.text), hidden || item.hidden
	}
	switch {
	case len(texts) > 0 && hidden:
		p.row(setting, notShown, n.at, o)
	case len(texts) > 0:
		p.row(setting, strings.Join(texts, ", "), n.at, o)
	}
}
