package probe

import (
	"fmt"
	"runtime/debug"
)

// Panic is a mistake of the program's that broke a run, wherever in it that was.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that broke
}

func (p *Panic) Error() string { return fmt.Sprintf("panic in a run: %v\n\n%s", p.Value, p.Stack) }

// Unwrap returns what was thrown, if that is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// guard hands a panic of do to whoever iterates over the run, and ends the run: nobody else could catch it.
func (r *runner) guard(do func()) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		select {
		case r.broken <- &Panic{v, debug.Stack()}:
		default: // the first one is told
		}
		r.abort()
	}()
	do()
}
