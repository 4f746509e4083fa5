package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"apigwprobe/probe"
)

const (
	beatEvery = 5 * time.Second  // how often a run that goes on says so
	beatLasts = 30 * time.Second // a run that has been silent for longer was interrupted
)

// Record returns a sink for the events of one run, in order. When it has returned from [probe.Observed] the observation
// is in the file.
func (s *Store) Record() func(probe.Event) error {
	r := &recorder{store: s}
	return r.see
}

// recorder writes one run.
type recorder struct {
	store *Store
	seq   int64 // 0: the run has not started
	n     int
	end   func() // of the heartbeat
}

func (r *recorder) see(e probe.Event) error {
	switch e := e.(type) {
	case probe.RunStarted:
		return r.start(e.Run)
	case probe.Observed:
		return r.observed(e.Result)
	case probe.RunFinished:
		return r.finish(e.Report)
	}
	return nil
}

var errNotStarted = errors.New("writing history: got an event of a run that has not started")

func (r *recorder) start(run probe.RunInfo) error {
	head, err := pack(probe.Report{Version: probe.SchemaVersion, Run: run})
	if err != nil {
		return err
	}
	labels, err := json.Marshal(run.Labels)
	if err != nil {
		return err
	}
	err = r.store.write(context.Background(), "writing run "+run.ID, func(tx *sql.Tx) error {
		res, err := tx.Exec("INSERT INTO runs (id, environment, started, beat, labels) VALUES (?, ?, ?, ?, ?)",
			run.ID, run.Environment, millis(run.Started), millis(r.store.now()), string(labels))
		if err != nil {
			return err
		}
		if r.seq, err = res.LastInsertId(); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO run_data (run, head) VALUES (?, ?)", r.seq, head)
		return err
	})
	if err != nil {
		r.seq = 0
		return err
	}
	r.end = r.store.beat(r.seq)
	return nil
}

// beat lets it be known that a run goes on, until the end is called or the store is closed, which stops the run.
func (s *Store) beat(seq int64) (end func()) {
	finished := make(chan struct{})
	s.recording.Go(func() {
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for {
			at := int64(0) // long ago
			select {
			case <-finished:
				return
			case <-ticker.C:
				at = millis(s.now())
			case <-s.ctx.Done():
			}
			// A beat that is lost is no harm: the next one comes, or the run counts as interrupted until it is finished.
			_, _ = s.db.Exec("UPDATE runs SET beat = ? WHERE seq = ? AND finished = 0", at, seq)
			if at == 0 {
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(finished) })
}

func (r *recorder) observed(res probe.Result) error {
	if r.seq == 0 {
		return errNotStarted
	}
	doc, err := pack(res)
	if err != nil {
		return err
	}
	r.n++
	if _, err := r.store.db.Exec("INSERT INTO observed (run, n, doc) VALUES (?, ?, ?)", r.seq, r.n, doc); err != nil {
		return r.store.failed(fmt.Sprintf("writing %q", res.ID), err)
	}
	return nil
}

func (r *recorder) finish(rep probe.Report) error {
	if r.seq == 0 {
		return errNotStarted
	}
	defer r.end()
	parts, err := part(rep)
	if err != nil {
		return err
	}
	return r.store.write(context.Background(), "writing run "+rep.Run.ID, func(tx *sql.Tx) error {
		return finish(tx, r.seq, rep, parts)
	})
}
