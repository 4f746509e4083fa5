package store

import "time"

// Covers reports whether the silence holds back, at a moment, what is said of an API of an environment.
func (s Silence) Covers(environment, api string, at time.Time) bool {
	return s.Environment == environment && (s.API == "" || s.API == api) && !at.Before(s.From) && at.Before(s.Until)
}
