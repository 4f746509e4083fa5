package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"apigwprobe/probe"
)

// Resolver asks the DNS, as [net.Resolver] does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
}

// Network looks at the way to an API: where its names lead from here, and at the VPC endpoints that may take them. It
// sends nothing to the API.
func (a *Account) Network(ctx context.Context, plan *probe.Plan, api probe.API, dns Resolver) []Check {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	n := &network{inspection: a.inspect(ctx, api), plan: plan, dns: dns, leads: make(map[string][]netip.Addr)}
	n.endpointType()
	if n.api.EndpointType == probe.EndpointPrivate || n.takesDefault() {
		n.findEndpoints()
	}
	for _, host := range n.hosts() {
		n.name(host)
	}
	if n.api.EndpointType == probe.EndpointPrivate {
		n.private()
	} else {
		n.public()
	}
	for _, d := range api.Domains {
		n.target(d.Host)
	}
	return n.checks
}

// network is the way to an API.
type network struct {
	*inspection

	plan      *probe.Plan
	dns       Resolver
	endpoints []endpoint
	seen      sight // of the endpoints
	unseen    string
	leads     map[string][]netip.Addr // where the names that were asked for lead
}

// endpointType takes the endpoint type of a REST API over from the account, if it is not declared.
func (n *network) endpointType() {
	if n.api.Type != probe.REST || n.api.EndpointType != "" {
		return
	}
	if api, got := n.restAPI(); got == seen && api.EndpointConfiguration != nil && len(api.EndpointConfiguration.Types) > 0 {
		n.api.EndpointType = probe.EndpointType(api.EndpointConfiguration.Types[0])
	}
	n.notes = nil
}

// hosts are the names by which the API is called.
func (n *network) hosts() []string {
	var out []string
	for _, access := range n.api.Accesses() {
		if !slices.Contains(out, access.Name()) {
			out = append(out, access.Name())
		}
	}
	return out
}

// takesDefault reports whether the API is called by its default endpoint, whose name VPC endpoints may take.
func (n *network) takesDefault() bool {
	return n.api.DefaultHost() != "" && slices.Contains(n.hosts(), n.api.DefaultHost())
}

// name looks where a name leads from here.
func (n *network) name(host string) {
	c := Check{Name: "DNS " + host, Layer: probe.Network, Cause: "no-answer"}
	switch {
	case n.plan.Proxy != "":
		n.found(c, Unseen, "the forward proxy resolves it")
		return
	case n.plan.Redirected(host):
		n.found(c, Unseen, "connect_to leads to %s in its place", n.plan.DialAddress(host))
		return
	}
	addresses, err := n.dns.LookupNetIP(n.ctx, "ip", host)
	var missing *net.DNSError
	switch {
	case errors.As(err, &missing) && missing.IsNotFound:
		n.found(c, Wrong, "the name does not exist, as the DNS says here")
	case err != nil:
		n.found(c, Unseen, "the DNS gave no answer: %s", innermost(err))
	case len(addresses) == 0:
		n.found(c, Wrong, "the name has no address")
	default:
		n.leads[host] = addresses
		n.leadsTo(c, host, addresses)
	}
}

// leadsTo says what the addresses of a name mean for the API.
func (n *network) leadsTo(c Check, host string, addresses []netip.Addr) {
	private, at := slices.ContainsFunc(addresses, internal), list(addresses)
	byVPC := n.api.EndpointType == probe.EndpointPrivate
	switch own := host == n.api.DefaultHost(); {
	case slices.ContainsFunc(addresses, netip.Addr.IsLoopback):
		n.found(c, Unseen, "%s: this machine itself, which is not API Gateway", at)
	case own && private && !byVPC:
		c.Layer, c.Cause = probe.Domain, "public-api-through-vpc-endpoint"
		n.found(c, Wrong, "%s: private addresses, so private DNS of a VPC endpoint takes the names of public APIs here, and refuses them with 403 Forbidden; %s",
			at, n.takers())
	case own && !private && byVPC:
		c.Layer, c.Cause = probe.Domain, "private-api-wrong-host"
		n.found(c, Wrong, "%s: public addresses, by which a private API is not reached; %s", at, n.takers())
	case private && !byVPC:
		n.found(c, Unseen, "%s: private addresses, so something of this network stands before API Gateway", at)
	case private:
		n.found(c, Fine, "%s: private addresses, as those of a VPC endpoint", at)
	default:
		n.found(c, Fine, "%s", at)
	}
}

// internal reports whether an address is one of a network of somebody's own.
func internal(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a)
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func list(addresses []netip.Addr) string {
	out := make([]string, len(addresses))
	for i, a := range addresses {
		out[i] = a.Unmap().String()
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// apiGatewayTarget is a name that API Gateway gives a Regional custom domain.
func apiGatewayTarget(name string) (region string, ok bool) {
	label, rest, _ := strings.Cut(name, ".execute-api.")
	region, _, _ = strings.Cut(rest, ".")
	return region, strings.HasPrefix(label, "d-") && region != ""
}

// target compares where the DNS sends a custom domain with the name that API Gateway gave it.
func (n *network) target(host string) {
	c := Check{Name: "DNS target of " + host, Layer: probe.Domain}
	addresses, ok := n.leads[host]
	if !ok {
		return // the name itself says why
	}
	targets := n.domainTargets(host)
	if len(targets) == 0 {
		n.found(c, Unseen, "%s", cmp.Or(n.why(), "the account shows no such custom domain in "+n.api.Region+"; a private one is not known by its name alone"))
		return
	}
	wanted := strings.Join(targets, ", ")
	alias, err := n.dns.LookupCNAME(n.ctx, host)
	alias = strings.ToLower(strings.TrimSuffix(alias, "."))
	if err != nil {
		alias = ""
	}
	region, isTarget := apiGatewayTarget(alias)
	switch {
	case slices.Contains(targets, alias):
		n.found(c, Fine, "leads to %s, as it must", alias)
	case n.together(targets, addresses):
		n.found(c, Fine, "leads to addresses of %s, as it must", wanted)
	case isTarget && region != n.api.Region:
		n.found(c, Wrong, "leads to %s, in another region than the domain, want %s", alias, wanted)
	case isTarget:
		n.found(c, Unseen, "leads to %s, which API Gateway gave another domain, want %s", alias, wanted)
	case strings.HasSuffix(alias, ".cloudfront.net"):
		n.found(c, Unseen, "leads to %s: a CloudFront distribution stands before %s, and may answer in its place", alias, wanted)
	default:
		n.found(c, Unseen, "leads to none of the addresses of %s that the DNS gives now: others of it, or something that stands before it", wanted)
	}
}

// together reports whether any target has one of the addresses.
func (n *network) together(targets []string, addresses []netip.Addr) bool {
	for _, t := range targets {
		theirs, err := n.dns.LookupNetIP(n.ctx, "ip", t)
		if err == nil && slices.ContainsFunc(theirs, func(a netip.Addr) bool { return slices.Contains(addresses, a) }) {
			return true
		}
	}
	return false
}

// takers names the VPC endpoints whose private DNS takes the default endpoints of a region.
func (n *network) takers() string {
	var out []string
	for _, e := range n.endpoints {
		if e.privateDNS {
			out = append(out, fmt.Sprintf("%s in %s", e.id, e.vpc))
		}
	}
	switch {
	case n.seen != seen:
		return n.unseen
	case len(out) == 0:
		return "no VPC endpoint of the account has private DNS on in " + n.api.Region + "; one of another account may"
	}
	return "private DNS is on at " + strings.Join(out, ", ")
}
