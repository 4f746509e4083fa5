package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"apigwprobe/internal/store"
	"apigwprobe/probe"

	"github.com/spf13/cobra"
)

// dataVariable names the file of the history for all commands; defaultData is that of those that cannot do without.
const dataVariable, defaultData = "PROBE_DATA", "probe.db"

// addData adds the flag --data of a command that reads the history.
func addData(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "data", "", fmt.Sprintf("file of the history (default $%s, or %s)", dataVariable, defaultData))
}

// openData opens the history that a command reads.
func openData(path string, s Streams) (*store.Store, error) {
	path = cmp.Or(path, s.env(dataVariable), defaultData)
	history, err := store.OpenExisting(path)
	if err != nil {
		return nil, hinted{err, "probe run ENV --data " + path + " writes one"}
	}
	return history, nil
}

// historian writes a run to the history. What it cannot write keeps nothing else from being reported.
type historian struct {
	store *store.Store // nil: no history is kept
	sink  func(probe.Event) error
	err   error
}

// openHistorian makes sure that the history can be written, before anything is sent.
func openHistorian(path string) (*historian, error) {
	h := &historian{}
	if path == "" {
		return h, nil
	}
	var err error
	if h.store, err = store.Open(path); err != nil {
		return nil, err
	}
	h.sink = h.store.Record()
	return h, nil
}

func (h *historian) see(e probe.Event) {
	if h.store != nil && h.err == nil {
		h.err = h.sink(e)
	}
}

// close says what kept the run from being written whole.
func (h *historian) close() error {
	if h.store == nil {
		return nil
	}
	return errors.Join(h.err, h.store.Close())
}

// age is a duration that may be in days or weeks: "90d", "2w", "12h".
func age(word string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(word, unit); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err != nil {
				return 0, fmt.Errorf("got %q, want a duration such as 90d or 12h", word)
			}
			return time.Duration(n) * length, nil
		}
	}
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("got %q, want a duration such as 90d or 12h", word)
	}
	return d, nil
}

// moment is a time, a day (UTC), or how long ago something was.
func moment(word string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, word); err == nil {
			return at, nil
		}
	}
	d, err := age(word)
	if err != nil {
		return time.Time{}, fmt.Errorf("got %q, want a day such as 2026-11-30, a time, or how long ago, such as 7d", word)
	}
	return now.Add(-d), nil
}
