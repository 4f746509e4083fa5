// Package config reads what is declared of the environments to probe, and makes plans of it.
//
// A configuration is YAML, in a file or in a directory of files. It is parsed, validated and constructed in one step:
// whoever holds a [File] holds plans in which nothing can be wrong any more, but for keys of client certificates, which
// are loaded with [File.Plan]. Every mistake is reported at once, with its place, and never with a secret in it.
package config

import (
	"fmt"
	"path/filepath"
	"slices"

	"apigwprobe/probe"
)

// Options are what a configuration is compared with and read through.
type Options struct {
	// Scenarios are the names that accept and expect may use. Without any, every name is good.
	Scenarios []string
	// ReadFile reads every file, so that a configuration can come from memory; nil: [os.ReadFile]. With it, the path
	// given to [Load] is that of a file, and those of other files are joined to its directory.
	ReadFile func(path string) ([]byte, error)
}

// File is a configuration without mistakes.
type File struct {
	// Warnings are what is allowed and unwise, each with its place.
	Warnings []string

	opts     Options
	hash     string
	top      *node
	alerts   *Alerts
	sources  []source
	literals []place // of secrets that stand in the configuration themselves
}

// Load reads the file path, or all *.yaml of the directory path as one. Its error is an [*Error] with every mistake.
func Load(path string, opts Options) (*File, error) {
	wrong, warnings := new(notes), new(notes)
	sources := readSources(path, opts, wrong)
	documents := parseAll(sources, wrong)
	if len(documents) < len(sources) || len(documents) == 0 {
		return nil, wrong.err() // what cannot be read would only be missed elsewhere
	}
	root := join(documents, wrong)
	c := &checker{
		opts: opts, wrong: wrong, warnings: warnings,
		principals: root.field("principals").names(),
		shared:     root.field("apis").names(),
		references: make(map[place]*probe.Reference),
	}
	f := &File{opts: opts, hash: hash(path, sources), sources: sources}
	f.top = c.check(root, mappingOf(topLevel), context{subject: "configuration"})
	for at, ref := range c.references {
		if !ref.Value.Empty() {
			f.literals = append(f.literals, at)
		}
	}
	for _, environment := range f.Environments() {
		f.build(environment, false, wrong, warnings)
	}
	f.alerts = f.buildAlerts(wrong, warnings)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	for _, w := range warnings.sorted() {
		f.Warnings = append(f.Warnings, w.String())
	}
	return f, nil
}

// Texts are the files of the configuration, as they are, by their names. They may not be shown where a secret itself
// stands in one.
func (f *File) Texts() (map[string]string, error) {
	if len(f.literals) > 0 {
		wrong := new(notes)
		for _, at := range f.literals {
			wrong.add(at, `"value": got a secret in the configuration itself, want {env: …} or {file: …}`)
		}
		return nil, wrong.err()
	}
	texts := make(map[string]string)
	for _, s := range f.sources {
		texts[filepath.Base(s.path)] = string(s.text)
	}
	return texts, nil
}

// Environments are the names of the environments, sorted.
func (f *File) Environments() []string {
	var names []string
	each(f.top.field("environments"), func(m member) { names = append(names, m.name) })
	slices.Sort(names)
	return names
}

// Plan is the plan of an environment, with its client certificates.
func (f *File) Plan(environment string) (probe.Plan, error) {
	if err := f.known(environment); err != nil {
		return probe.Plan{}, err
	}
	wrong := new(notes)
	b := f.build(environment, true, wrong, new(notes))
	return b.plan, wrong.err()
}

func (f *File) known(environment string) error {
	if names := f.Environments(); !slices.Contains(names, environment) {
		return fmt.Errorf("environment %q: got an unknown name, want %s", environment, oneOf(names, environment))
	}
	return nil
}
