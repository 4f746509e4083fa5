package sandbox

import (
	"cmp"
	"net/netip"
	"strings"
)

// WAFRule is one blocking rule of a web ACL.
type WAFRule struct {
	Match  WAFMatch
	Header string // for the header matches
	Value  string // what the header or the query contains, the path begins with, or the network
	After  int    // for WAFRate: the requests that are let through

	// Status and Body are the rule's custom response. Status 0: the default.
	Status int
	Body   string
}

// WAFMatch is what a rule looks at.
type WAFMatch string

// The matches. A rate rule counts per rule and never forgets.
const (
	WAFAll            WAFMatch = "all"
	WAFHeaderAbsent   WAFMatch = "header-absent"
	WAFHeaderPresent  WAFMatch = "header-present"
	WAFHeaderContains WAFMatch = "header-contains"
	WAFQueryContains  WAFMatch = "query-contains"
	WAFPathPrefix     WAFMatch = "path-prefix"
	WAFSource         WAFMatch = "source"
	WAFRate           WAFMatch = "rate"
)

var wafMatches = map[WAFMatch]func(*exchange, *WAFRule) bool{
	WAFAll:           func(*exchange, *WAFRule) bool { return true },
	WAFHeaderAbsent:  func(x *exchange, rule *WAFRule) bool { return x.r.Header.Get(rule.Header) == "" },
	WAFHeaderPresent: func(x *exchange, rule *WAFRule) bool { return x.r.Header.Get(rule.Header) != "" },
	WAFHeaderContains: func(x *exchange, rule *WAFRule) bool {
		return strings.Contains(x.r.Header.Get(rule.Header), rule.Value)
	},
	WAFQueryContains: func(x *exchange, rule *WAFRule) bool { return strings.Contains(x.query, rule.Value) },
	WAFPathPrefix:    func(x *exchange, rule *WAFRule) bool { return strings.HasPrefix(x.path, rule.Value) },
	WAFSource: func(x *exchange, rule *WAFRule) bool {
		network, err := netip.ParsePrefix(rule.Value)
		return err == nil && network.Contains(x.source())
	},
	WAFRate: func(x *exchange, rule *WAFRule) bool { return x.seen.count(rule) > rule.After },
}

// checkWAF applies the web ACL of the stage. A custom response of the rule wins
// over the API's gateway responses and keeps the error type.
func checkWAF(x *exchange) *refusal {
	for i := range x.stage.WebACL {
		rule := &x.stage.WebACL[i]
		if !wafMatches[rule.Match](x, rule) {
			continue
		}
		x.sampleRequest(i, cmp.Or(rule.Status, wafFiltered.status))
		no := &refusal{cause: "waf-blocked", kind: wafFiltered, message: "Forbidden"}
		if rule.Status != 0 {
			no.custom = &response{status: rule.Status, body: []byte(rule.Body)}
		}
		return no
	}
	if len(x.stage.WebACL) > 0 {
		x.sampleRequest(-1, 0)
	}
	return nil
}

// source is the address that the request came from, as far as it can be told.
func (x *exchange) source() netip.Addr {
	if p, err := netip.ParseAddrPort(x.r.RemoteAddr); err == nil {
		return p.Addr().Unmap()
	}
	return netip.Addr{}
}
