package evidence

import "apigwprobe/probe"

// CheckOutcome says what a check came to.
type CheckOutcome string

// The outcomes of a check.
const (
	Fine   CheckOutcome = "fine"
	Wrong  CheckOutcome = "wrong"
	Unseen CheckOutcome = "unseen" // it could not be made, or its answer says neither
)

// Check is a fact about an API that no answer of the API shows: of its name, of its endpoint, of a call that passes by
// some of its layers.
type Check struct {
	Name    string // "authorizer", "DNS api.example.com"
	Outcome CheckOutcome
	Text    string        // what was found, in words without secrets
	Skips   []probe.Layer // what this way passes by: it says nothing about these
	Layer   probe.Layer   // what it is about
	Cause   probe.Cause   // what a wrong one points to; "": none of the known
}
