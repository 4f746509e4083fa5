package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// sqliteError words the errors that a person can do something about.
func sqliteError(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the rest refines it
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("got a damaged file, want a history; a copy from before, or a new file, goes on: %w", err)
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("got a file of something else, want a history: %w", err)
	case lib.SQLITE_FULL:
		return fmt.Errorf("no room is left: %w", err)
	case lib.SQLITE_READONLY:
		return fmt.Errorf("the file or its folder must not be written: %w", err)
	case lib.SQLITE_BUSY:
		return fmt.Errorf("another process has been writing for too long: %w", err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("the file and those beside it (-wal, -shm) have to be readable and writable: %w", err)
	}
	return err
}
