package store

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"
)

// raw opens a file without looking what it is.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", address(path, pragmas[:1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// A file of the first layout, with a run in it, comes to the layout of today and keeps the run. A step to come is tried
// with one that is made up.
func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "probe.db")
	db := raw(t, path)
	steps := migrations()
	if err := migrate(db, steps[:1]); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "INSERT INTO runs (id, environment, started, beat) VALUES ('a', 'prod', 1, 0)")
	next := append(steps, "ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT 'here'")
	for range 2 { // the second time, nothing is left to do
		if err := migrate(db, next); err != nil {
			t.Fatal(err)
		}
	}
	var id, place string
	if err := db.QueryRow("SELECT id, place FROM runs").Scan(&id, &place); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "the run", []string{id, place}, []string{"a", "here"})

	// A step that fails half-way leaves nothing behind.
	err := migrate(db, append(next, "CREATE TABLE half (a); CREATE TABLE runs (b)"))
	if want := "migrating to layout"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a wrong step: got %v, want %s…", err, want)
	}
	var half int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&half); err != nil || half != 0 {
		t.Errorf("tables of the wrong step: got %d, %v, want none", half, err)
	}
	_, err = Open(path)
	if want := "of a newer probe, want at most"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("opening a newer file: got %v, want …%s…", err, want)
	}
}

func TestFilesThatAreNoHistory(t *testing.T) {
	for name, test := range map[string]struct {
		make func(path string)
		want string
	}{
		"a text": {
			func(path string) { writeFile(t, path, strings.Repeat("what is it? ", 100)) }, "got a file of something else, want a history: ",
		},
		"the database of another program": {
			func(path string) { mustExec(t, raw(t, path), "CREATE TABLE bookmarks (url)") },
			"got the database of another program (application id 0x0), want a history",
		},
		"a damaged file": {
			func(path string) {
				now := midnight
				s := openedAt(t, path, &now)
				play(t, s, made(now, 3, nil))
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for i := 100; i < 4096; i++ { // the schema
					text[i] = 0xaa
				}
				writeFile(t, path, string(text))
			},
			"got a damaged file, want a history; a copy from before, or a new file, goes on: ",
		},
		"a folder": {
			func(path string) {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			},
			"is a directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "probe.db")
			test.make(path)
			before, _ := os.ReadFile(path)
			_, err := Open(path)
			if want := `opening history "` + path + `": ` + test.want; err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s…", err, want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A disk without room says so, and what was there stays.
func TestNoRoom(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	s.db.SetMaxOpenConns(1) // the limit is that of a connection
	rep := made(now, 3, nil)
	play(t, s, rep)
	mustExec(t, s.db, "PRAGMA max_page_count = 1") // as many as there are
	sink := s.Record()
	next := made(now.Add(time.Hour), 3, nil)
	err := sink(probe.RunStarted{Run: next.Run})
	for i := 0; err == nil && i < 1000; i++ {
		err = sink(probe.Observed{Result: next.Results[i%len(next.Results)]})
	}
	if want := "no room is left"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("writing without room: got %v, want …%s…", err, want)
	}
	if _, err := s.Report(t.Context(), rep.Run.ID); err != nil {
		t.Error(err)
	}
	checkIntegrity(t, s.db)
}
