package probe

import (
	"encoding/json"
	"fmt"
)

// Facet is one part of a request that a layer can look at. Two requests that are equal in every facet that a layer
// reads are treated alike by it, if it is deterministic.
type Facet int

// The facets. Conn and Address are known only after a request was sent; Clock stands for validity windows.
const (
	FacetConn         Facet = iota // the TCP connection
	FacetAddress                   // remote address and SNI
	FacetCertificate               // client certificate
	FacetHost                      // Host header
	FacetStageSegment              // first path segment, which names the stage on the default endpoint
	FacetPath                      // whole raw path
	FacetMethod
	FacetQuery
	FacetAuth      // SigV4: kind, scope, date, signed headers, signature
	FacetPrincipal // access key id and session token
	FacetToken     // token, wherever it is sent
	FacetKey       // x-api-key
	FacetHeaders   // every other header
	FacetBody
	FacetClock
	facetCount
)

// What stands for a part of a facet, or follows from the plan: it serves rank only.
const (
	facetScheme   Facet = -1 - iota // scheme of the Authorization header: all that rules of a web ACL look at as a rule
	facetDeployed                   // the stage that the address leads to, as declared, whatever the way in
	facetResource                   // that stage, and the path on the API
)

var facetNames = [facetCount]string{
	"conn", "address", "certificate", "host", "stage-segment", "path", "method", "query", "auth", "principal", "token",
	"key", "headers", "body", "clock",
}

func (f Facet) String() string {
	if f < 0 || f >= facetCount {
		return fmt.Sprintf("facet(%d)", int(f))
	}
	return facetNames[f]
}

// Facets holds the value of each facet of one request. Secret parts stand as digests that are salted for the run.
type Facets [facetCount]string

// MarshalJSON writes the facets that have a value as an object, name to value.
func (f Facets) MarshalJSON() ([]byte, error) {
	m := make(map[string]string)
	for i, v := range f {
		if v != "" {
			m[Facet(i).String()] = v
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote and ignores names that it does not know.
func (f *Facets) UnmarshalJSON(data []byte) error {
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	for i := range f {
		f[i] = m[Facet(i).String()]
	}
	return nil
}

// Difference lists the facets in which f and g differ.
func (f Facets) Difference(g Facets) []Facet {
	var out []Facet
	for i := range f {
		if f[i] != g[i] {
			out = append(out, Facet(i))
		}
	}
	return out
}
