// Package probe finds out which authorization layer of Amazon API Gateway rejects a request.
//
// A [Plan] says what is declared about an environment. [Expand] turns it, with a catalogue of scenarios, into
// cases; [Craft] turns a case into the exact bytes of a request; [Prober.Observe] sends them; [Attribute] reads all
// observations of one API together and names, for each, the layer that rejected it, how sure that is and why;
// [Judge] compares that with what the plan leads one to expect. [Run] does all of it and yields events.
//
// Everything but Observe is pure: a run that was kept can be attributed and judged again.
package probe
