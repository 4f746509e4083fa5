package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// State returns the small document called name, nil if there is none.
func (s *Store) State(ctx context.Context, name string) ([]byte, error) {
	var doc []byte
	err := s.db.QueryRowContext(ctx, "SELECT doc FROM documents WHERE name = ?", name).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.failed(fmt.Sprintf("reading document %q", name), err)
	}
	return doc, nil
}

// SetState puts a small document in the place of what was called name.
func (s *Store) SetState(ctx context.Context, name string, doc []byte) error {
	_, err := s.db.ExecContext(ctx, "INSERT INTO documents (name, doc) VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc", name, doc)
	if err != nil {
		return s.failed(fmt.Sprintf("writing document %q", name), err)
	}
	return nil
}

// Silence is a time in which messages about an environment are held back.
type Silence struct {
	ID          string    `json:"id"`
	Environment string    `json:"environment"`
	API         string    `json:"api"` // "": all
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
	Reason      string    `json:"reason"`
	By          string    `json:"by"`
}

// AddSilence stores a silence and returns it with its id.
func (s *Store) AddSilence(ctx context.Context, one Silence) (Silence, error) {
	if !one.Until.After(one.From) {
		return Silence{}, fmt.Errorf("adding a silence: got an end at %v, want one after %v", one.Until, one.From)
	}
	one.ID = uuid.NewString()
	one.From, one.Until = fromMillis(millis(one.From)), fromMillis(millis(one.Until))
	_, err := s.db.ExecContext(ctx, `INSERT INTO silences (id, environment, api, "from", until, reason, "by") VALUES (?, ?, ?, ?, ?, ?, ?)`,
		one.ID, one.Environment, one.API, millis(one.From), millis(one.Until), one.Reason, one.By)
	if err != nil {
		return Silence{}, s.failed("writing a silence", err)
	}
	return one, nil
}

// Silences returns those that end after a moment, the one that begins first at first; the zero moment means all.
func (s *Store) Silences(ctx context.Context, endAfter time.Time) ([]Silence, error) {
	after := int64(0)
	if !endAfter.IsZero() {
		after = millis(endAfter)
	}
	all, err := query(ctx, s.db, func(rows *sql.Rows) (one Silence, err error) {
		var from, until int64
		err = rows.Scan(&one.ID, &one.Environment, &one.API, &from, &until, &one.Reason, &one.By)
		one.From, one.Until = fromMillis(from), fromMillis(until)
		return one, err
	}, `SELECT id, environment, api, "from", until, reason, "by" FROM silences WHERE until > ? ORDER BY "from", id`, after)
	if err != nil {
		return nil, s.failed("reading silences", err)
	}
	return all, nil
}

// EndSilence lets a silence end now, or not begin if it lies ahead.
func (s *Store) EndSilence(ctx context.Context, id string) error {
	now := millis(s.now())
	res, err := s.db.ExecContext(ctx, `UPDATE silences SET until = max(min(until, ?1), "from") WHERE id = ?2`, now, id)
	if err != nil {
		return s.failed("ending a silence", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("ending silence %q in history %q: %w", id, s.path, ErrNotFound)
	}
	return nil
}
