package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"apigwprobe/probe"
)

// Standing is a case as it stood when it was last asked.
type Standing struct {
	Case
	Gate   bool // it must be refused
	Asked  time.Time
	Proven time.Time // when the run started that last showed the gate to be shut; zero: none did
	Now    probe.Stand
}

// Standings returns every case of an environment that was ever asked, also those that its configuration has no more.
func (s *Store) Standings(ctx context.Context, environment string) ([]Standing, error) {
	list, err := query(ctx, s.db, func(rows *sql.Rows) (one Standing, err error) {
		var asked int64
		var proven sql.NullInt64
		err = rows.Scan(append([]any{&one.ID, &one.API, &one.Route, &one.AccessID, &one.Scenario, &one.Gate, &asked, &proven}, into(&one.Now)...)...)
		if one.Asked = fromMillis(asked); proven.Valid {
			one.Proven = fromMillis(proven.Int64)
		}
		return one, err
	}, `SELECT c.name, c.api, c.route, c.access, c.scenario, c.gate, l.asked, l.proven, `+standColumns("s")+`
		FROM cases c JOIN lasts l ON l."case" = c.id JOIN shapes s ON s.id = l.shape WHERE c.environment = ? ORDER BY c.id`, environment)
	if err != nil {
		return nil, s.failed("reading how cases stand", err)
	}
	return list, nil
}

// Place is a route through one way in.
type Place struct{ Environment, API, Route, AccessID string }

// Latest returns how the cases of a place came out when each was last asked, without what varies from run to run.
func (s *Store) Latest(ctx context.Context, at Place) ([]probe.Result, error) {
	results, err := query(ctx, s.db, func(rows *sql.Rows) (probe.Result, error) {
		var doc []byte
		var asked int64
		if err := rows.Scan(&doc, &asked); err != nil {
			return probe.Result{}, err
		}
		return shapeOf(doc, probe.RunInfo{Started: fromMillis(asked)})
	}, `SELECT s.doc, l.asked FROM cases c JOIN lasts l ON l."case" = c.id JOIN shapes s ON s.id = l.shape
		WHERE c.environment = ? AND c.api = ? AND c.route = ? AND c.access = ? ORDER BY c.id`,
		at.Environment, at.API, at.Route, at.AccessID)
	if err != nil {
		return nil, s.failed("reading how cases stand", err)
	}
	return results, nil
}

// During returns how the cases of a place came out in a finished run, without what varies from run to run.
func (s *Store) During(ctx context.Context, run Run, at Place) ([]probe.Result, error) {
	results, err := s.during(ctx, run, at)
	if err != nil {
		return nil, s.failed("reading run "+run.ID, err)
	}
	return results, nil
}

func (s *Store) during(ctx context.Context, run Run, at Place) ([]probe.Result, error) {
	var doc []byte
	err := s.db.QueryRowContext(ctx, `SELECT s.doc FROM runs r JOIN run_data d ON d.run = r.seq JOIN result_sets s ON s.id = d.results
		WHERE r.id = ?`, run.ID).Scan(&doc)
	if err != nil {
		return nil, err
	}
	set, err := newUnpacker().resultSet(doc)
	if err != nil {
		return nil, err
	}
	cases, err := s.cases(ctx, at.Environment)
	if err != nil {
		return nil, err
	}
	set.extra = nil
	set.results = slices.DeleteFunc(set.results, func(o outcome) bool {
		c := cases[o.caseID]
		return Place{at.Environment, c.API, c.Route, c.AccessID} != at
	})
	docs, err := s.shapes(ctx, set)
	if err != nil {
		return nil, err
	}
	results := make([]probe.Result, len(set.results))
	for i, o := range set.results {
		if results[i], err = shapeOf(docs[o.shape], probe.RunInfo{ID: run.ID, Started: run.Started}); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// shapeOf is a result as its shape tells it.
func shapeOf(doc []byte, run probe.RunInfo) (probe.Result, error) {
	var shape probe.Result
	err := json.Unmarshal(doc, &shape)
	return join(shape, run, nil), err
}
