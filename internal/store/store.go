package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// ErrNotFound is what a question about a run, a document or a silence ends with that is not there.
var ErrNotFound = errors.New("not found")

// Store is an open history. Its methods may be called side by side, and several processes may open one file.
type Store struct {
	db   *sql.DB
	path string
	now  func() time.Time

	recording sync.WaitGroup // the heartbeats of runs
	ctx       context.Context
	stop      context.CancelFunc
}

// Open opens the history at path and brings it to the layout of this version. A file that is not there is made, for its
// owner alone.
func Open(path string) (*Store, error) {
	s, err := open(path, time.Now)
	if err != nil {
		return nil, fmt.Errorf("opening history %q: %w", path, explain(err))
	}
	return s, nil
}

// OpenExisting opens a history that has to be there already.
func OpenExisting(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening history %q: %w", path, explain(err))
	}
	return Open(path)
}

func open(path string, now func() time.Time) (*Store, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	if err := ours(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", address(path, pragmas))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4) // readers beside the one writer that SQLite allows
	s := &Store{db: db, path: path, now: now}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := migrate(db, migrations()); err != nil {
		s.stop()
		_ = db.Close() // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

// pragmas are how each connection is set up. WAL with synchronous=NORMAL survives a killed process whole, and a power cut
// without its last moments.
var pragmas = []string{"busy_timeout(10000)", "auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(normal)", "foreign_keys(on)"}

// address is the data source of a file. Transactions take the lock when they begin, so that none fails half-way because
// another process wrote.
func address(path string, pragmas []string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// Close ends the recording of runs; those that are not finished count as interrupted from now on.
func (s *Store) Close() error {
	s.stop()
	s.recording.Wait()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing history %q: %w", s.path, err)
	}
	return nil
}

// write runs do in one transaction.
func (s *Store) write(ctx context.Context, what string, do func(*sql.Tx) error) error {
	err := transaction(ctx, s.db, do)
	if err != nil {
		return s.failed(what, err)
	}
	return nil
}

func transaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return err
	}
	return tx.Commit()
}

func (s *Store) failed(what string, err error) error {
	return fmt.Errorf("%s in history %q: %w", what, s.path, explain(err))
}

// explain says in words what SQLite and the file system say in numbers and with the path twice.
func explain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return sqliteError(err)
}

// query reads rows with scan.
func query[T any](ctx context.Context, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, scan func(*sql.Rows) (T, error), text string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
