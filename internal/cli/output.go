package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// output is where a report goes: a stream, or a file that is there only once it is whole.
type output struct {
	io.Writer
	path     string   // empty: a stream
	file     *os.File // what is written; nil: nothing to close
	replaces bool     // file stands beside path and takes its place at the end
}

// createOutput makes sure that the file can be written before anything is sent; without a path it is the stream.
func createOutput(path string, stream io.Writer) (*output, error) {
	if path == "" {
		return &output{Writer: stream}, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	info, err := os.Stat(path)
	var file *os.File
	exists := err == nil
	regular := !exists || info.Mode().IsRegular()
	switch {
	case exists && info.IsDir():
		err = errors.New("got a directory, want a file")
	case regular:
		file, err = os.CreateTemp(filepath.Dir(path), ".probe-*") // for its owner alone: mode 0600
	default:
		file, err = os.OpenFile(path, os.O_WRONLY, 0) // nothing can take the place of /dev/null or a pipe
	}
	if err != nil {
		return nil, fmt.Errorf("writing %q: %w", path, withoutPath(err))
	}
	return &output{Writer: file, path: path, file: file, replaces: regular}, nil
}

// appendTo is a file to which every step of a job adds its part.
func appendTo(path string) (*output, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("writing %q: %w", path, withoutPath(err))
	}
	return &output{Writer: file, path: path, file: file}, nil
}

// withoutPath strips the name of the temporary file, which nobody asked for.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// commit ends the writing and puts the whole file in its place.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	var err error
	if o.replaces {
		err = o.file.Sync()
	}
	if errClose := o.file.Close(); err == nil {
		err = errClose
	}
	if err == nil && o.replaces {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		return fmt.Errorf("writing %q: %w", o.path, withoutPath(err))
	}
	o.file = nil
	return nil
}

// discard removes what was not committed.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close() // it may be closed already
	if o.replaces {
		_ = os.Remove(o.file.Name())
	}
}
