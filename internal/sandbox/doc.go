// Package sandbox is a look-alike of Amazon API Gateway's data plane, small
// enough to run inside a process.
//
// It evaluates instead of replaying: a [Model] declares accounts, APIs, keys
// and policies, and a [Gateway] recomputes signatures, evaluates policies and
// looks keys up, one layer after the other, as the service does. What it
// answers is pinned by recorded answers of the service; what the service does
// where nobody has published it is a switch in [Switches], so that a client can
// be tested in every such world. DEPARTURES.md lists where the two differ.
//
// A request meets an ordered list of layers, one file each. A layer is a name
// and a function that returns nil or a refusal. To add one, write its function
// in a file of its own and put a line into the pipeline of each type of API that
// has it.
//
// [Gateway.Listen] is the internet's side of the gateway. [Gateway.ListenInside] is
// what a client meets in the VPC of an endpoint, which has a listener of its own:
// whoever is told to connect there for all names, or for some, is in the VPC for
// these. The name that is connected to (SNI) then stands for what it would
// resolve to, and Host for what is sent, so that all forms of calling a private
// API can be expressed. [Gateway.Inside] is the same without a socket. One
// authority signs the certificates of all listeners.
//
// The package knows nothing of the tool that probes it, on purpose: if the two
// shared tables, testing one against the other would prove nothing. For tests,
// [Gateway.Truth] tells which layer really refused a request; no response does.
package sandbox
