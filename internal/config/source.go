package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxSize bounds a file: the largest API has 300 resources, which is far less.
const maxSize = 1 << 20

// source is one configuration file.
type source struct {
	path    string
	text    []byte
	missing bool // it could not be read, which is noted
}

// readSources reads the file path, or the *.yaml of the directory path in the order of their names.
func readSources(path string, opts Options, wrong *notes) []source {
	paths := []string{path}
	if info, err := os.Stat(path); opts.ReadFile == nil && err == nil && info.IsDir() {
		paths = yamlFiles(path)
		if len(paths) == 0 {
			wrong.add(place{file: path}, "got a directory without *.yaml, want at least one")
		}
	}
	var sources []source
	for _, p := range paths {
		text, err := opts.readFile(p)
		if err != nil {
			wrong.add(place{file: p}, "reading the configuration: %s", reason(err))
		}
		sources = append(sources, source{p, text, err != nil})
	}
	return sources
}

// yamlFiles lists what a shell's *.yaml would, in its order.
func yamlFiles(dir string) []string {
	entries, _ := os.ReadDir(dir) // what cannot be listed has no files to offer
	var paths []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && filepath.Ext(name) == ".yaml" && !strings.HasPrefix(name, ".") {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths
}

func (o Options) readFile(path string) ([]byte, error) {
	if o.ReadFile != nil {
		return o.ReadFile(path)
	}
	return os.ReadFile(path)
}

// reason says why a file cannot be read, without its path: that may be a secret in the wrong place.
func reason(err error) string {
	var p *fs.PathError
	switch {
	case errors.As(err, &p):
		return p.Err.Error()
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	default:
		return "the file cannot be read"
	}
}

// hash identifies the configuration: the SHA-256 of the file, or, of a directory, that of what sha256sum *.yaml says.
func hash(path string, sources []source) string {
	if len(sources) == 1 && sources[0].path == path {
		return fmt.Sprintf("%x", sha256.Sum256(sources[0].text))
	}
	h := sha256.New()
	for _, s := range sources {
		_, _ = fmt.Fprintf(h, "%x  %s\n", sha256.Sum256(s.text), filepath.Base(s.path))
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Fingerprint changes with what [Load] would read of a path.
func Fingerprint(path string) string { return hash(path, readSources(path, Options{}, new(notes))) }

// parseAll reads the documents of those files that hold one.
func parseAll(sources []source, wrong *notes) []*value {
	var documents []*value
	for _, s := range sources {
		if s.missing {
			continue
		}
		if document := s.parse(wrong); document != nil {
			documents = append(documents, document)
		}
	}
	return documents
}

// parse reads the one document of a file, or notes why it is none and returns nil.
func (s source) parse(wrong *notes) *value {
	if len(s.text) > maxSize {
		wrong.add(place{file: s.path}, "got %d bytes, want at most %d", len(s.text), maxSize)
		return nil
	}
	if at, ok := s.unprintable(); ok {
		wrong.add(at, "got a byte that no text holds, want UTF-8 without control characters")
		return nil
	}
	documents, err := s.documents()
	switch {
	case err != nil:
		wrong.add(s.errorPlace(err), "%s", syntaxText(err))
		return nil
	case len(documents) == 0 || documents[0].Content[0].ShortTag() == "!!null":
		wrong.add(place{file: s.path}, `got an empty file, want at least "version: 1" and "environments:"`)
		return nil
	case len(documents) > 1:
		second := documents[1]
		wrong.add(place{s.path, second.Line, second.Column}, "got a second document, want one for each file")
	}
	c := converter{file: s.path, wrong: wrong, done: make(map[*yaml.Node]*value)}
	return c.document(documents[0].Content[0])
}

// documents splits the file at its "---".
func (s source) documents() ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(s.text))
	if err != nil {
		return nil, err
	}
	var documents []*yaml.Node
	for {
		document := new(yaml.Node)
		err := loader.Load(document)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return documents, err
		}
		if len(document.Content) > 0 {
			documents = append(documents, document)
		}
	}
}

// unprintable finds the first byte that cannot stand in YAML text. The YAML package knows no place for it.
func (s source) unprintable() (place, bool) {
	line, column := 1, 1
	for rest := s.text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 || r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0x7f {
			return place{s.path, line, column}, true
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		rest = rest[size:]
	}
	return place{}, false
}

func (s source) errorPlace(err error) place {
	var e *yaml.LoadError
	if errors.As(err, &e) && e.Mark.Line > 0 {
		return place{s.path, e.Mark.Line, e.Mark.Column}
	}
	return place{file: s.path}
}

// syntaxText words a syntax error. Messages of scanner and parser are fixed texts; those of later stages repeat what
// stands in the file: "*sk-live…" is an alias to YAML.
func syntaxText(err error) string {
	var e *yaml.LoadError
	switch {
	case !errors.As(err, &e):
		return "invalid YAML"
	case e.Stage == yaml.ScannerStage, e.Stage == yaml.ParserStage:
		return "invalid YAML: " + e.Message
	case e.Stage == yaml.ComposerStage:
		return `invalid YAML: got an alias ("*…") to an anchor that does not stand before it; quote a text that begins with "*"`
	default:
		return "invalid YAML"
	}
}
