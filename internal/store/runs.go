package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"

	"golang.org/x/sync/errgroup"
)

// State says how far a run came.
type State string

// The states of a run.
const (
	Running     State = "running"
	Finished    State = "finished"
	Interrupted State = "interrupted" // by a crash: what was observed is there, and was not judged
)

// Run is a run as a list shows it.
type Run struct {
	ID          string            `json:"id"`
	Environment string            `json:"environment"`
	Started     time.Time         `json:"started"`
	DurationMS  int64             `json:"duration_ms"`
	Summary     probe.Summary     `json:"summary"`
	State       State             `json:"state"`
	Complete    bool              `json:"complete"` // it asked all that it was to ask
	Changes     int               `json:"changes"`  // cases that stand otherwise than when they were last asked
	Labels      map[string]string `json:"labels"`
}

// Query narrows which runs are meant. The zero value means all.
type Query struct {
	ID           string // only this run
	Environment  string
	API          string // only runs that asked it; summaries and changes count it alone
	Since, Until time.Time
	OnlyChanges  bool
	Limit        int // the newest so many
}

// conditions are those that a run itself meets or does not.
func (q Query) conditions() (where string, args []any) {
	where = "1"
	add := func(condition string, arg any) {
		where += " AND " + condition
		args = append(args, arg)
	}
	if q.ID != "" {
		add("r.id = ?", q.ID)
	}
	if q.Environment != "" {
		add("r.environment = ?", q.Environment)
	}
	if !q.Since.IsZero() {
		add("r.started >= ?", millis(q.Since))
	}
	if !q.Until.IsZero() {
		add("r.started < ?", millis(q.Until))
	}
	return where, args
}

// most is the limit in SQLite's words: -1 is all.
func (q Query) most() int {
	if q.Limit <= 0 {
		return -1
	}
	return q.Limit
}

// Runs returns runs, the oldest first.
func (s *Store) Runs(ctx context.Context, q Query) ([]Run, error) {
	counts, from := "r", "runs r"
	where, args := q.conditions()
	if q.API != "" {
		counts, from = "a", "runs r JOIN run_apis a ON a.run = r.seq"
		where += " AND a.api = ?"
		args = append(args, q.API)
	}
	if q.OnlyChanges {
		where += " AND " + counts + ".changes > 0"
	}
	text := strings.ReplaceAll(`SELECT r.id, r.environment, r.started, r.duration, r.finished, r.complete, r.beat, r.labels,
		$.pass, $.fail, $.inconclusive, $.skipped, $.accepted, $.changes FROM `, "$", counts) +
		from + " WHERE " + where + " ORDER BY r.started DESC, r.seq DESC LIMIT ?"
	runs, err := query(ctx, s.db, s.scanRun, text, append(args, q.most())...)
	if err != nil {
		return nil, s.failed("reading runs", err)
	}
	slices.Reverse(runs)
	return runs, nil
}

func (s *Store) scanRun(rows *sql.Rows) (Run, error) {
	var r Run
	var started, beat int64
	var finished bool
	var labels string
	n := &r.Summary
	err := rows.Scan(&r.ID, &r.Environment, &started, &r.DurationMS, &finished, &r.Complete, &beat, &labels,
		&n.Pass, &n.Fail, &n.Inconclusive, &n.Skipped, &n.Accepted, &r.Changes)
	if err != nil {
		return r, err
	}
	r.Started, r.State = fromMillis(started), s.state(finished, beat)
	return r, json.Unmarshal([]byte(labels), &r.Labels)
}

func (s *Store) state(finished bool, beat int64) State {
	switch {
	case finished:
		return Finished
	case s.now().Sub(fromMillis(beat)) < beatLasts:
		return Running
	default:
		return Interrupted
	}
}

// Find returns the id of the run that an unambiguous beginning of it means.
func (s *Store) Find(ctx context.Context, prefix string) (string, error) {
	ids, err := query(ctx, s.db, scanText, "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id = ?1 DESC, id LIMIT 2", prefix)
	switch {
	case err != nil:
		return "", s.failed("reading runs", err)
	case len(ids) == 0:
		return "", fmt.Errorf("run %q in history %q: %w", prefix, s.path, ErrNotFound)
	case len(ids) > 1 && ids[0] != prefix:
		return "", fmt.Errorf("run %q in history %q: got %s and %s, want more of the id", prefix, s.path, ids[0], ids[1])
	}
	return ids[0], nil
}

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

// Report returns a stored run whole. Of an old one, what varies from run to run is kept for failures and changes only; of
// one that was interrupted, there is what was observed, and nothing was concluded from it.
func (s *Store) Report(ctx context.Context, id string) (probe.Report, error) {
	rep, err := s.report(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return probe.Report{}, fmt.Errorf("run %q in history %q: %w", id, s.path, ErrNotFound)
	}
	if err != nil {
		return probe.Report{}, s.failed("reading run "+id, err)
	}
	return rep, nil
}

func (s *Store) report(ctx context.Context, id string) (rep probe.Report, err error) {
	var seq, beat int64
	var finished bool
	var head, results, kept, varied []byte
	err = s.db.QueryRowContext(ctx, `SELECT r.seq, r.finished, r.beat, d.head, s.doc, d.kept, d.varying FROM runs r
		JOIN run_data d ON d.run = r.seq LEFT JOIN result_sets s ON s.id = d.results WHERE r.id = ?`, id).
		Scan(&seq, &finished, &beat, &head, &results, &kept, &varied)
	if err != nil {
		return rep, err
	}
	u := newUnpacker()
	if err := u.unpack(head, &rep); err != nil {
		return rep, err
	}
	if !finished {
		return s.unfinished(ctx, u, seq, rep)
	}
	set, err := u.resultSet(results)
	if err != nil {
		return rep, err
	}
	vary := make(map[int]varying)
	for _, doc := range [][]byte{kept, varied} {
		if doc != nil {
			if err := u.unpack(doc, &vary); err != nil {
				return rep, err
			}
		}
	}
	shapes, err := s.shapes(ctx, set)
	if err != nil {
		return rep, err
	}
	all, err := joinAll(slices.Concat(set.results, set.extra), shapes, vary, rep.Run)
	if err != nil {
		return rep, err
	}
	n := len(set.results)
	rep.Results, rep.Extra = all[:n:n], all[n:]
	relink(&rep)
	return rep, nil
}

// joinAll puts results together again, on all processors.
func joinAll(outcomes []outcome, shapes map[int64][]byte, vary map[int]varying, run probe.RunInfo) ([]probe.Result, error) {
	all := make([]probe.Result, len(outcomes))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	const share = 100
	for begin := 0; begin < len(outcomes); begin += share {
		group.Go(func() error {
			for i := begin; i < min(begin+share, len(outcomes)); i++ {
				var shape probe.Result
				if err := json.Unmarshal(shapes[outcomes[i].shape], &shape); err != nil {
					return fmt.Errorf("unpacking: %w", err)
				}
				var v *varying
				if one, ok := vary[i]; ok {
					v = &one
				}
				all[i] = join(shape, run, v)
			}
			return nil
		})
	}
	return all, group.Wait()
}

// shapes reads the documents of the shapes of a set.
func (s *Store) shapes(ctx context.Context, set resultSet) (map[int64][]byte, error) {
	type row struct {
		id  int64
		doc []byte
	}
	rows, err := query(ctx, s.db, func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.id, &r.doc) },
		"SELECT id, doc FROM shapes WHERE id IN (SELECT value FROM json_each(?))", shapeIDs(set))
	docs := make(map[int64][]byte)
	for _, r := range rows {
		docs[r.id] = r.doc
	}
	return docs, err
}

// shapeIDs is a JSON array of the shapes of sets, each once.
func shapeIDs(sets ...resultSet) string {
	seen := make(map[int64]bool)
	var ids []int64
	for _, set := range sets {
		for _, o := range slices.Concat(set.results, set.extra) {
			if !seen[o.shape] {
				seen[o.shape] = true
				ids = append(ids, o.shape)
			}
		}
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic(err) // numbers
	}
	return string(text)
}

// relink lets what changed since a baseline point to its results again.
func relink(rep *probe.Report) {
	if rep.Drift == nil {
		return
	}
	at := make(map[string]*probe.Result)
	for i := range rep.Results {
		at[rep.Results[i].ID] = &rep.Results[i]
	}
	d := rep.Drift
	for _, list := range [][]probe.Change{d.Failing, d.Fixed, d.Changed, d.Added} {
		for i := range list {
			list[i].Result = at[list[i].ID]
		}
	}
}

// unfinished is the report of a run that was not judged: what was observed, the last answer of each case.
func (s *Store) unfinished(ctx context.Context, u *unpacker, seq int64, rep probe.Report) (probe.Report, error) {
	docs, err := query(ctx, s.db, func(rows *sql.Rows) (doc []byte, err error) { return doc, rows.Scan(&doc) },
		"SELECT doc FROM observed WHERE run = ? ORDER BY n", seq)
	if err != nil {
		return rep, err
	}
	rep.Results, rep.Extra, rep.Findings = []probe.Result{}, []probe.Result{}, []probe.Finding{}
	rep.Run.Requests = len(docs)
	place := make(map[string]int)
	for _, doc := range docs {
		var res probe.Result
		if err := u.unpack(doc, &res); err != nil {
			return rep, err
		}
		if end := res.At.Sub(rep.Run.Started).Milliseconds(); end > rep.Run.DurationMS {
			rep.Run.DurationMS = end
		}
		if res.IsExtra() {
			rep.Extra = append(rep.Extra, res)
			continue
		}
		res.Verdict, res.Kind = probe.Inconclusive, probe.KindStopped
		res.Reason = "the run did not end: this was answered, and not judged"
		if i, again := place[res.ID]; again {
			was := rep.Results[i]
			res.Tries = append(was.Tries, probe.Try{
				At: was.At, Status: was.Observed.Status, ErrorType: was.Observed.ErrorType, Verdict: was.Verdict, Kind: was.Kind,
			})
			rep.Results[i] = res
			continue
		}
		place[res.ID] = len(rep.Results)
		rep.Results = append(rep.Results, res)
	}
	rep.Summary.Inconclusive = len(rep.Results)
	return rep, nil
}
