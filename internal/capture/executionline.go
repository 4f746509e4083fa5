package capture

// ExecutionLine returns the id of the request that a line of an execution log is of, "" if it bears none, and reports
// whether no other line of that request follows.
func ExecutionLine(line string) (id string, last bool) {
	_, text := stamped(line)
	m := requestPrefix.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], completed.MatchString(m[2])
}
