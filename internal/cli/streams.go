package cli

import (
	"io"
	"os"
	"strconv"

	"apigwprobe/internal/report"

	"golang.org/x/term"
)

// Streams are what a command reads and writes, and what it knows of where that leads. Tests put their own in place.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	// Terminal reports whether w is a terminal, and how wide it is; nil: the operating system is asked.
	Terminal func(w io.Writer) (width int, ok bool)
	// LookupEnv reads an environment variable; nil: there is none.
	LookupEnv func(name string) (string, bool)
}

// terminal reports whether w is a terminal, and how wide it is.
func (s Streams) terminal(w io.Writer) (width int, ok bool) {
	if s.Terminal != nil {
		return s.Terminal(w)
	}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0 // a terminal that does not know its size
	}
	return width, true
}

// color reports whether what goes to w may be coloured: only on a terminal that can, and not against
// https://no-color.org.
func (s Streams) color(w io.Writer) bool {
	_, ok := s.terminal(w)
	return ok && s.env("NO_COLOR") == "" && s.env("TERM") != "dumb"
}

// width is how many columns w has; 0: no limit. COLUMNS wins, also where w is no terminal.
func (s Streams) width(w io.Writer) int {
	if n, err := strconv.Atoi(s.env("COLUMNS")); err == nil && n > 0 {
		return n
	}
	n, _ := s.terminal(w)
	return n
}

// look is how standard output shows what people read.
func (s Streams) look() report.Options {
	return report.Options{Color: s.color(s.Out), Width: s.width(s.Out)}
}

func (s Streams) env(name string) string {
	if s.LookupEnv == nil {
		return ""
	}
	value, _ := s.LookupEnv(name)
	return value
}
