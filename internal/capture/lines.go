package capture

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

const lineKept = 1 << 20

// lines reads line by line and counts.
type lines struct {
	in *bufio.Reader
	n  int // number of the line that was read last
}

func newLines(in *bufio.Reader) *lines { return &lines{in: in} }

// next returns the next line without its break, and whether it was cut off because it is too long. The error is io.EOF
// after the last one.
func (l *lines) next() (line string, cut bool, err error) {
	var b strings.Builder
	for {
		part, err := l.in.ReadSlice('\n')
		if room := lineKept - b.Len(); len(part) > room {
			part, cut = part[:room], true
		}
		b.Write(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || b.Len() == 0) {
			return "", false, err
		}
		l.n++
		return strings.TrimRight(b.String(), "\r\n"), cut, nil
	}
}
