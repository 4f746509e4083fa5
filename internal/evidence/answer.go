package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/probe"
)

const (
	longestARN    = 512      // of a resource in the answer of a REST API's authorizer
	longestAnswer = 8 * 1024 // of a WebSocket API's
)

// authorizerAnswer is what the function of an authorizer answered.
type authorizerAnswer struct {
	simple  bool // yes or no, and no policy
	allowed bool
	policy  document
}

// readAnswer reads an answer as API Gateway does; the error is why API Gateway would refuse it.
func (z *authorizer) readAnswer(api probe.APIType, payload []byte) (authorizerAnswer, error) {
	var all elements
	if json.Unmarshal(payload, &all) != nil || all == nil {
		return authorizerAnswer{}, fmt.Errorf("it answered no JSON object")
	}
	if raw, ok := all["isAuthorized"]; ok && all["policyDocument"] == nil {
		return z.readSimple(api, raw)
	}
	var principal string
	if json.Unmarshal(all["principalId"], &principal) != nil || principal == "" {
		return authorizerAnswer{}, errors.New("it answered no principalId")
	}
	if all["policyDocument"] == nil {
		return authorizerAnswer{}, errors.New("it answered no policyDocument")
	}
	policy, err := z.readPolicy(api, all["policyDocument"])
	if err != nil {
		return authorizerAnswer{}, err
	}
	if err := flat(api, all["context"]); err != nil {
		return authorizerAnswer{}, err
	}
	if api == probe.WebSocket && len(payload) > longestAnswer {
		return authorizerAnswer{}, fmt.Errorf("its answer has %d bytes, want at most %d", len(payload), longestAnswer)
	}
	return authorizerAnswer{policy: policy}, nil
}

func (z *authorizer) readSimple(api probe.APIType, raw json.RawMessage) (authorizerAnswer, error) {
	out := authorizerAnswer{simple: true}
	switch {
	case api != probe.HTTP || z.payload != "2.0" || !z.simple:
		return out, errors.New("it answered isAuthorized and no policy, which only authorizers of HTTP APIs may that have payload format 2.0 and simple responses enabled")
	case json.Unmarshal(raw, &out.allowed) != nil || string(raw) == "null":
		return out, fmt.Errorf("it answered isAuthorized as %s, want true or false", cut(string(raw), lineKept))
	}
	return out, nil
}

// readPolicy reads the policy of an answer.
func (z *authorizer) readPolicy(api probe.APIType, text []byte) (document, error) {
	policy, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	for _, s := range policy {
		for _, arn := range slices.Concat(s.resources, s.notResources) {
			if api == probe.REST && len(arn) > longestARN {
				return nil, fmt.Errorf("its policy has an ARN of %d characters, want at most %d", len(arn), longestARN)
			}
		}
	}
	return policy, nil
}

// flat finds that the context of an answer holds more than texts, numbers and booleans. Those of HTTP APIs may.
func flat(api probe.APIType, context json.RawMessage) error {
	if context == nil || api == probe.HTTP {
		return nil
	}
	var all elements
	if json.Unmarshal(context, &all) != nil {
		return errors.New("its context is no JSON object")
	}
	for name, value := range all {
		if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
			return fmt.Errorf("its context holds an object or a list in %q, want texts, numbers and booleans", name)
		}
	}
	return nil
}

// says ends a check with what an answer means for the method.
func (r *route) says(c Check, z *authorizer, a authorizerAnswer) {
	arn := r.methodOfStage()
	if a.simple {
		if a.allowed {
			r.found(c, Fine, "it answers isAuthorized true")
		} else {
			r.found(c, Wrong, "it answers isAuthorized false")
		}
		return
	}
	switch said := a.policy.on(question{action: invokeAction, resource: arn}); {
	case len(said.unsure) > 0:
		r.found(c, Unseen, "for %s its policy depends on what was not evaluated: %s", arn, strings.Join(said.unsure, ", "))
	case said.ruling == allow:
		r.found(c, Fine, "its policy allows %s on %s%s", invokeAction, arn, r.keptFor(z, a.policy))
	case said.ruling == deny:
		r.found(c, Wrong, "its policy denies %s on %s explicitly", invokeAction, arn)
	default:
		r.silentOn(c, arn, a.policy)
	}
}

// keptFor names the other routes that a policy does not allow its caller for as long as it is kept: what a function says
// of one method counts for all methods of its authorizer.
func (r *route) keptFor(z *authorizer, policy document) string {
	if !z.cached || slices.Contains(z.sources, "$context.routeKey") {
		return ""
	}
	var refused []string
	unseen := ""
	for _, other := range r.api.Routes {
		h, ok := r.handler(other)
		if ok && h.unseenAuthorizer != "" {
			unseen = "; for which other routes it is kept: " + h.unseenAuthorizer
		}
		if !ok || h.key == r.key || h.authorizer == nil || h.authorizer.id != z.id {
			continue
		}
		verb := strings.Replace(other.Method, "ANY", http.MethodGet, 1)
		said := policy.on(question{action: invokeAction, resource: r.methodARN(r.api.Stage, other, verb, filled(other))})
		if said.ruling != allow && len(said.unsure) == 0 {
			refused = append(refused, other.Name())
		}
	}
	if len(refused) == 0 {
		return unseen
	}
	return "; but it is kept, and does not allow the same caller " + strings.Join(refused, ", ") + unseen
}

// silentOn ends the check of a policy that does not say anything of the method: then the resource policy of a REST API
// may still allow it.
func (r *route) silentOn(c Check, arn string, policy document) {
	text := "its policy does not allow " + invokeAction + " on " + arn
	if named := policy.resources(); len(named) > 0 {
		text += ", but on " + strings.Join(named, ", ")
	}
	if r.api.Type != probe.REST {
		r.found(c, Wrong, "%s", text)
		return
	}
	api, got := r.restAPI()
	if got != seen {
		r.found(c, Unseen, "%s; a resource policy that does would be enough; %s", text, r.why())
		return
	}
	d, err := storedPolicy(api.Policy)
	if err != nil {
		r.found(c, Unseen, "%s; a resource policy that does would be enough; the API's cannot be read: %v", text, err)
		return
	}
	switch said := d.on(question{action: invokeAction, resource: arn, anonymous: true}); {
	case len(said.unsure) > 0:
		r.found(c, Unseen, "%s; the resource policy would be enough, and depends on what was not evaluated: %s", text, strings.Join(said.unsure, ", "))
	case said.ruling == allow:
		r.found(c, Fine, "%s; the resource policy does, which is enough", text)
	default:
		r.found(c, Wrong, "%s, nor does a resource policy", text)
	}
}

// resources are those that the statements name that allow.
func (d document) resources() []string {
	var out []string
	for _, s := range d {
		if s.effect == allow {
			out = append(out, s.resources...)
		}
	}
	for i := range out {
		out[i] = cut(out[i], lineKept)
	}
	return out[:min(len(out), logShown)]
}

// storedPolicy reads a resource policy as the control plane shows it: escaped once more. No policy allows nothing.
func storedPolicy(text *string) (document, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	return parseDocument([]byte(plainPolicy(text)))
}

// plainPolicy takes off what escapes a resource policy.
func plainPolicy(text *string) string {
	var plain string
	if text != nil && json.Unmarshal([]byte(`"`+*text+`"`), &plain) != nil {
		plain = *text
	}
	return plain
}

// testStage finds the method that a test invocation stands for, in place of the one of the stage.
var testStage = regexp.MustCompile(`/(ESTestInvoke-stage|test-invoke-stage|null)/`)

func (d document) namesTest() bool {
	return slices.ContainsFunc(d, func(s statement) bool { return slices.ContainsFunc(s.resources, testStage.MatchString) })
}
