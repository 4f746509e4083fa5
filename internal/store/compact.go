package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Retention says how long a history is kept.
type Retention struct {
	Runs  time.Duration // 0: for ever
	Whole time.Duration // how long what varies from run to run is kept of all results; 0: DefaultWhole
}

// DefaultWhole is how long runs are kept whole.
const DefaultWhole = 7 * 24 * time.Hour

// Compact removes what is older than the retention and gives the room back to the file system. It returns how many runs
// it removed.
func (s *Store) Compact(ctx context.Context, r Retention) (removed int, err error) {
	if r.Whole == 0 {
		r.Whole = DefaultWhole
	}
	now := s.now()
	err = s.write(ctx, "compacting", func(tx *sql.Tx) error {
		if err := dropVarying(tx, now.Add(-r.Whole)); err != nil || r.Runs == 0 {
			return err
		}
		oldest := millis(now.Add(-r.Runs))
		res, err := tx.Exec("DELETE FROM runs WHERE started < ? AND (finished = 1 OR beat < ?)", oldest, millis(now.Add(-beatLasts)))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if removed = int(n); err != nil || n == 0 {
			return err
		}
		return sweep(tx, oldest)
	})
	if err != nil {
		return 0, err
	}
	// Each step of the vacuum is a row, so that it is asked for all of them.
	if _, err := query(ctx, s.db, func(*sql.Rows) (struct{}, error) { return struct{}{}, nil }, "PRAGMA incremental_vacuum"); err != nil {
		return removed, s.failed("compacting", err)
	}
	if _, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(truncate)"); err != nil {
		return removed, s.failed("compacting", err)
	}
	return removed, nil
}

// dropVarying removes what varies, but for failures and changes, from the runs that started before a moment.
func dropVarying(tx *sql.Tx, before time.Time) error {
	_, err := tx.Exec(dropping, millis(before))
	return err
}

const dropping = `UPDATE run_data SET varying = NULL WHERE run IN
	(SELECT d.run FROM run_data d INDEXED BY run_data_by_varying JOIN runs r ON r.seq = d.run WHERE d.varying IS NOT NULL AND r.started < ?)`

// sweep removes the cases that were not asked since a moment, and the shapes that nothing refers to any more.
func sweep(tx *sql.Tx, oldest int64) error {
	for _, text := range []string{
		"DELETE FROM result_sets WHERE id NOT IN (SELECT results FROM run_data WHERE results IS NOT NULL)",
		fmt.Sprintf("DELETE FROM lasts WHERE asked < %d", oldest),
	} {
		if _, err := tx.Exec(text); err != nil {
			return err
		}
	}
	docs, err := query(context.Background(), tx, func(rows *sql.Rows) (doc []byte, err error) { return doc, rows.Scan(&doc) },
		"SELECT doc FROM result_sets")
	if err != nil {
		return err
	}
	u := newUnpacker()
	shapes, cases := make(map[int64]bool), make(map[int64]bool)
	for _, doc := range docs {
		set, err := u.resultSet(doc)
		if err != nil {
			return err
		}
		for _, o := range slices.Concat(set.results, set.extra) {
			shapes[o.shape], cases[o.caseID] = true, true
		}
	}
	for _, one := range []struct {
		text string
		used map[int64]bool
	}{
		{`DELETE FROM shapes WHERE id NOT IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT shape FROM lasts)
			AND id NOT IN (SELECT "after" FROM changes) AND id NOT IN (SELECT "before" FROM changes WHERE "before" IS NOT NULL)`, shapes},
		{`DELETE FROM cases WHERE id NOT IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT "case" FROM lasts)
			AND id NOT IN (SELECT "case" FROM changes)`, cases},
	} {
		ids := []int64{}
		for id := range one.used {
			ids = append(ids, id)
		}
		list, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(one.text, string(list)); err != nil {
			return err
		}
	}
	return nil
}
