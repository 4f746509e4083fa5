package evidence

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// What stands around the methods is shown as it is being edited, or on the way to all edges. So none of these facts
// proves anything.

// atHost are facts about the host that a request was sent to.
func (l *look) atHost(res *probe.Result) []fact {
	if l.ownHost(res) {
		return l.atOwnHost(res)
	}
	d, ok := l.domainOf(res)
	if !ok {
		return nil
	}
	var out []fact
	if name, got := l.domainName(d.Host); got == seen && (name.MutualTlsAuthentication == nil || aws.ToString(name.MutualTlsAuthentication.TruststoreUri) == "") {
		out = append(out, fact{fmt.Sprintf("%s asks for no client certificate (%s)", d.Host, getDomainName.Call), []probe.Layer{probe.TLS}, true})
	}
	if base, _, leads := l.ledHere(res); leads {
		out = append(out, fact{
			fmt.Sprintf("%s leads with base path %q to stage %q of %s (%s)", d.Host, base, l.api.Stage, l.api.ID, getAPIMappings.Call), []probe.Layer{probe.Domain}, true,
		})
	}
	return out
}

// atOwnHost: through a VPC endpoint the name leads elsewhere, even if it is enabled.
func (l *look) atOwnHost(res *probe.Result) []fact {
	var disabled, private bool
	var got sight
	call := getRestAPI.Call
	if l.api.Type == probe.REST {
		api, sight := l.restAPI()
		if got = sight; got == seen {
			disabled, private = api.DisableExecuteApiEndpoint, isPrivate(api.EndpointConfiguration)
		}
	} else {
		api, sight := l.v2API()
		call = getV2API.Call
		if got = sight; got == seen {
			disabled = aws.ToBool(api.DisableExecuteApiEndpoint)
		}
	}
	if got != seen || disabled || private || insideVPC(res) {
		return nil
	}
	return []fact{{fmt.Sprintf("the default endpoint of %s is enabled in the API (%s)", l.api.ID, call), []probe.Layer{probe.Domain}, true}}
}

func isPrivate(c *types.EndpointConfiguration) bool {
	return c != nil && slices.Contains(c.Types, types.EndpointTypePrivate)
}

// insideVPC reports whether an answer came from a private address, or says that it came through a VPC endpoint.
func insideVPC(res *probe.Result) bool {
	if res.Observed == nil || res.Observed.Header("server") == "Server" {
		return true
	}
	host, _, err := net.SplitHostPort(res.Observed.Remote)
	address, bad := netip.ParseAddr(host)
	return err == nil && bad == nil && address.IsPrivate()
}

// domainOf is the custom domain that a request was sent to.
func (l *look) domainOf(res *probe.Result) (probe.CustomDomain, bool) {
	i := slices.IndexFunc(l.api.Domains, func(d probe.CustomDomain) bool { return d.Host == res.Request.Traits.Host })
	if i < 0 {
		return probe.CustomDomain{}, false
	}
	return l.api.Domains[i], true
}

// ledHere reports whether the mappings of a custom domain lead a request to this stage, and returns its path behind
// the base path. Where rules lead, nothing is known.
func (l *look) ledHere(res *probe.Result) (base, path string, leads bool) {
	d, ok := l.domainOf(res)
	if !ok {
		return "", "", false
	}
	name, got := l.domainName(d.Host)
	if got != seen || name.RoutingMode != "" && name.RoutingMode != v2types.RoutingModeApiMappingOnly {
		return "", "", false
	}
	all, _ := l.apiMappings(d.Host)
	var longest target
	for _, t := range all {
		if t.base == "(none)" {
			t.base = ""
		}
		rest, under := strings.CutPrefix(res.Request.Facets[probe.FacetPath], "/"+t.base)
		if t.base == "" {
			rest, under = res.Request.Facets[probe.FacetPath], true
		}
		if under && (rest == "" || rest[0] == '/') && (longest == target{} || len(t.base) > len(longest.base)) {
			longest, path = t, rest
		}
	}
	if path == "" {
		path = "/"
	}
	return longest.base, path, longest.api == l.api.ID && longest.stage == l.api.Stage
}

// policies are facts of the resource policy about a request to a path of the stage.
func (l *look) policies(verb, path string) []fact {
	if l.api.Type != probe.REST {
		return nil
	}
	api, got := l.restAPI()
	if got != seen || isPrivate(api.EndpointConfiguration) {
		return nil
	}
	policy, err := storedPolicy(api.Policy)
	switch {
	case err != nil:
		return nil
	case policy == nil:
		return []fact{{fmt.Sprintf("%s has no resource policy in the API (%s)", l.api.ID, getRestAPI.Call), []probe.Layer{probe.ResourcePolicy}, true}}
	}
	said := policy.on(question{action: invokeAction, resource: l.methodARN("*", verb, path), anonymous: true})
	if said.ruling != deny {
		return nil
	}
	return []fact{{
		fmt.Sprintf("the resource policy of %s, in the API, denies %s %s to everybody (%s): nothing behind it answers", l.api.ID, verb, path, getRestAPI.Call),
		[]probe.Layer{probe.IAMAuthorization, probe.APIKeyLayer, probe.UsagePlan, probe.RequestValidation, probe.Integration, probe.Backend}, true,
	}}
}

// methodARN is the ARN by which policies know a request to a path of the stage.
func (l *look) methodARN(account, verb, path string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s%s", probe.Partition(l.api.Region), l.api.Region, account, l.api.ID, l.api.Stage, verb, path)
}

// keyless are facts of usage plans: where none has a key for the stage, no request gets past one that wants a key.
func (l *look) keyless() []fact {
	if !l.keyed() {
		return nil
	}
	held, got := l.heldBy()
	if got != seen {
		return nil
	}
	for _, p := range held {
		if keys, got := l.keysOf(p); got != seen || len(keys) > 0 {
			return nil
		}
	}
	return []fact{{
		fmt.Sprintf("no usage plan has an API key for stage %q (%s): nothing behind the key answers", l.api.Stage, getUsagePlans.Call),
		[]probe.Layer{probe.UsagePlan, probe.RequestValidation, probe.Integration, probe.Backend}, true,
	}}
}
