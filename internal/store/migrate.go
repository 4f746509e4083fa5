package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are the steps that lead from an empty file to the layout of today. A step that was released never changes.
func migrations() []string {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		panic(err) // it is embedded
	}
	var steps []string
	for _, e := range entries {
		text, err := migrationFiles.ReadFile("migrations/" + e.Name())
		if err != nil {
			panic(err)
		}
		steps = append(steps, string(text))
	}
	return steps
}

// applicationID marks the file as ours in the header of the database.
const applicationID = 0x70726f62 // "prob"

// migrate takes the steps that the file has not seen, each in a transaction of its own. The version is looked at within
// it, since another process may migrate at the same moment.
func migrate(db *sql.DB, steps []string) error {
	ctx := context.Background()
	for {
		version, err := layout(ctx, db)
		switch {
		case err != nil:
			return err
		case version > len(steps):
			return fmt.Errorf("got layout %d of a newer probe, want at most %d", version, len(steps))
		case version == len(steps):
			return nil
		}
		err = transaction(ctx, db, func(tx *sql.Tx) error {
			if now, err := layout(ctx, tx); err != nil || now != version {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d; PRAGMA application_id = %d",
				steps[version], version+1, applicationID))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrating to layout %d: %w", version+1, err)
		}
	}
}

// ours refuses the database of another program before anything of it is changed: the mode of its journal would be.
func ours(path string) error {
	db, err := sql.Open("sqlite", address(path, pragmas[:1]))
	if err != nil {
		return err
	}
	defer db.Close()
	var id, tables int
	err = db.QueryRow("SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)").Scan(&id, &tables)
	if err != nil {
		return err
	}
	if tables > 0 && id != applicationID {
		return fmt.Errorf("got the database of another program (application id %#x), want a history", id)
	}
	return nil
}

func layout(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) (version int, err error) {
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}
