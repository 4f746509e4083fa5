package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"apigwprobe/probe"
)

// Case names a case of an environment.
type Case struct {
	ID       string `json:"id"`
	API      string `json:"api"`
	Route    string `json:"route"`
	AccessID string `json:"access_id"`
	Scenario string `json:"scenario"`
}

// Strip is how the cases of an environment came out lately.
type Strip struct {
	Runs []Run // finished ones, the oldest first
	Rows []StripRow
}

// StripRow is one case; Cells has a stand for each run, nil where the case was no part of it.
type StripRow struct {
	Case
	Cells []*probe.Stand
}

// Strip returns how the cases of an environment came out in those of its runs that q means, in the order of the newest.
func (s *Store) Strip(ctx context.Context, q Query) (Strip, error) {
	strip, err := s.strip(ctx, q)
	if err != nil {
		return Strip{}, s.failed("reading runs", err)
	}
	return strip, nil
}

func (s *Store) strip(ctx context.Context, q Query) (Strip, error) {
	where, args := q.conditions()
	type row struct {
		run Run
		set int64
	}
	found, err := query(ctx, s.db, func(rows *sql.Rows) (r row, err error) {
		var started int64
		n := &r.run.Summary
		var labels string
		err = rows.Scan(&r.run.ID, &r.run.Environment, &started, &r.run.DurationMS, &r.run.Complete, &labels,
			&n.Pass, &n.Fail, &n.Inconclusive, &n.Skipped, &n.Accepted, &r.run.Changes, &r.set)
		if err != nil {
			return r, err
		}
		r.run.Started, r.run.State = fromMillis(started), Finished
		return r, json.Unmarshal([]byte(labels), &r.run.Labels)
	}, `SELECT r.id, r.environment, r.started, r.duration, r.complete, r.labels, r.pass, r.fail, r.inconclusive, r.skipped, r.accepted,
		r.changes, d.results FROM runs r JOIN run_data d ON d.run = r.seq
		WHERE `+where+` AND r.finished = 1 ORDER BY r.started DESC, r.seq DESC LIMIT ?`, append(args, q.most())...)
	if err != nil {
		return Strip{}, err
	}
	slices.Reverse(found)
	ids := make([]int64, len(found))
	for i, r := range found {
		ids[i] = r.set
	}
	sets, err := s.resultSets(ctx, ids)
	if err != nil {
		return Strip{}, err
	}
	stands, err := s.stands(ctx, sets)
	if err != nil {
		return Strip{}, err
	}
	strip := Strip{Rows: []StripRow{}, Runs: []Run{}}
	place := make(map[int64]int) // of a case among the rows
	var order []int64
	for i := len(found) - 1; i >= 0; i-- {
		for _, o := range sets[found[i].set].results {
			at, seen := place[o.caseID]
			if !seen {
				at = len(strip.Rows)
				place[o.caseID] = at
				order = append(order, o.caseID)
				strip.Rows = append(strip.Rows, StripRow{Cells: make([]*probe.Stand, len(found))})
			}
			strip.Rows[at].Cells[i] = stands[o.shape]
		}
	}
	for _, r := range found {
		strip.Runs = append(strip.Runs, r.run)
	}
	names, err := s.cases(ctx, q.Environment)
	if err != nil {
		return Strip{}, err
	}
	for i, id := range order {
		strip.Rows[i].Case = names[id]
	}
	return strip, nil
}

// resultSets reads sets, each once.
func (s *Store) resultSets(ctx context.Context, ids []int64) (map[int64]resultSet, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	type row struct {
		id  int64
		doc []byte
	}
	rows, err := query(ctx, s.db, func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.id, &r.doc) },
		"SELECT id, doc FROM result_sets WHERE id IN (SELECT value FROM json_each(?))", string(list))
	if err != nil {
		return nil, err
	}
	u := newUnpacker()
	sets := make(map[int64]resultSet)
	for _, r := range rows {
		if sets[r.id], err = u.resultSet(r.doc); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// stands reads how the results of sets stood, by their shapes.
func (s *Store) stands(ctx context.Context, sets map[int64]resultSet) (map[int64]*probe.Stand, error) {
	all := make([]resultSet, 0, len(sets))
	for _, set := range sets {
		all = append(all, resultSet{results: set.results})
	}
	type row struct {
		id    int64
		stand probe.Stand
	}
	rows, err := query(ctx, s.db, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(append([]any{&r.id}, into(&r.stand)...)...)
	},
		"SELECT id, "+standColumns("s")+" FROM shapes s WHERE id IN (SELECT value FROM json_each(?))", shapeIDs(all...))
	stands := make(map[int64]*probe.Stand)
	for i := range rows {
		stands[rows[i].id] = &rows[i].stand
	}
	return stands, err
}

func standColumns(table string) string {
	return table + ".verdict, " + table + ".kind, " + table + ".accepted, " + table + ".status, " + table + ".layer, " + table + ".confidence"
}

func into(s *probe.Stand) []any {
	return []any{&s.Verdict, &s.Kind, &s.Accepted, &s.Status, &s.Layer, &s.Confidence}
}

// cases returns the cases of an environment by their numbers.
func (s *Store) cases(ctx context.Context, environment string) (map[int64]Case, error) {
	type row struct {
		id int64
		c  Case
	}
	rows, err := query(ctx, s.db, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.id, &r.c.ID, &r.c.API, &r.c.Route, &r.c.AccessID, &r.c.Scenario)
	}, "SELECT id, name, api, route, access, scenario FROM cases WHERE environment = ?", environment)
	names := make(map[int64]Case)
	for _, r := range rows {
		names[r.id] = r.c
	}
	return names, err
}

// Change is a case that stood otherwise than when it was last asked before.
type Change struct {
	Case
	Run    string       `json:"run"`
	At     time.Time    `json:"at"`     // when the run started
	Before *probe.Stand `json:"before"` // nil: it was not asked before
	After  probe.Stand  `json:"after"`
}

// Changes returns the changes in the runs that q means, the oldest first; its limit counts changes.
func (s *Store) Changes(ctx context.Context, q Query) ([]Change, error) {
	until := int64(1) << 62
	if !q.Until.IsZero() {
		until = millis(q.Until)
	}
	since := int64(0)
	if !q.Since.IsZero() {
		since = millis(q.Since)
	}
	changes, err := query(ctx, s.db, func(rows *sql.Rows) (c Change, err error) {
		var at int64
		var known bool
		before := &probe.Stand{}
		err = rows.Scan(slices.Concat([]any{&c.Run, &at, &c.ID, &c.API, &c.Route, &c.AccessID, &c.Scenario, &known}, into(before), into(&c.After))...)
		if c.At = fromMillis(at); known {
			c.Before = before
		}
		return c, err
	}, `SELECT r.id, r.started, c.name, c.api, c.route, c.access, c.scenario, b.id IS NOT NULL,
		coalesce(b.verdict, ''), coalesce(b.kind, ''), coalesce(b.accepted, 0), coalesce(b.status, 0), coalesce(b.layer, ''),
		coalesce(b.confidence, ''), `+standColumns("a")+`
		FROM runs r JOIN changes x ON x.run = r.seq JOIN cases c ON c.id = x."case"
		LEFT JOIN shapes b ON b.id = x."before" JOIN shapes a ON a.id = x."after"
		WHERE (?1 = '' OR r.environment = ?1) AND (?6 = '' OR r.id = ?6) AND (?2 = '' OR c.api = ?2) AND r.started >= ?3 AND r.started < ?4 AND r.changes > 0
		ORDER BY r.started DESC, r.seq DESC, x."case" DESC LIMIT ?5`, q.Environment, q.API, since, until, q.most(), q.ID)
	if err != nil {
		return nil, s.failed("reading changes", err)
	}
	slices.Reverse(changes)
	return changes, nil
}

// Gate is a case that must be refused, and when it last was.
type Gate struct {
	Case
	Proven *time.Time  `json:"proven"` // when the run started that last showed it to be shut; nil: none did
	Run    string      `json:"run"`    // that run; "": none
	Asked  time.Time   `json:"asked"`  // when the run started that last asked it
	Now    probe.Stand `json:"now"`    // how it stood then
}

// Coverage returns every gate of an environment that was ever asked, the one whose proof is the oldest first.
func (s *Store) Coverage(ctx context.Context, environment string) ([]Gate, error) {
	gates, err := query(ctx, s.db, func(rows *sql.Rows) (g Gate, err error) {
		var proven sql.NullInt64
		var asked int64
		err = rows.Scan(append([]any{&g.ID, &g.API, &g.Route, &g.AccessID, &g.Scenario, &proven, &g.Run, &asked}, into(&g.Now)...)...)
		if g.Asked = fromMillis(asked); proven.Valid {
			at := fromMillis(proven.Int64)
			g.Proven = &at
		}
		return g, err
	}, `SELECT c.name, c.api, c.route, c.access, c.scenario, l.proven, coalesce(l.proven_run, ''), l.asked, `+standColumns("s")+`
		FROM cases c JOIN lasts l ON l."case" = c.id JOIN shapes s ON s.id = l.shape
		WHERE c.environment = ? AND c.gate = 1 ORDER BY l.proven, c.id`, environment)
	if err != nil {
		return nil, s.failed("reading coverage", err)
	}
	return gates, nil
}
