// Package store keeps the history of runs in one SQLite file: every observation from the moment on that its event was
// handled, finished runs in little room, changes of state, when each gate was last proven, and small documents of others.
//
// README.md beside this file says how it is laid out, and how large and how fast it is.
package store
