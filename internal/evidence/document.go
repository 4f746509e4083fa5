package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ruling is what a policy says of a call.
type ruling string

const (
	silent ruling = "" // no statement matches: a deny, unless another policy allows
	allow  ruling = "Allow"
	deny   ruling = "Deny" // whatever other policies say
)

// opinion is a ruling, and what was not evaluated that might make it another one.
type opinion struct {
	ruling ruling
	unsure []string
}

// invokeAction is the right to call a method.
const invokeAction = "execute-api:Invoke"

// question is what a policy is asked.
type question struct {
	action, resource string
	service          string            // the principal, if it is a service
	anonymous        bool              // the principal is nobody
	context          map[string]string // condition keys in lower case to what they hold; of others nothing is known
}

// document is a policy.
type document []statement

type statement struct {
	effect                  ruling
	principal               json.RawMessage // nil: none
	notPrincipal            bool
	actions, notActions     []string
	resources, notResources []string
	conditions              []condition
}

type condition struct {
	operator, key string
	values        []string
}

// parseDocument reads a policy. Names of elements are IAM's, in their case.
func parseDocument(text []byte) (document, error) {
	var all elements
	if err := json.Unmarshal(text, &all); err != nil || all == nil {
		return nil, errors.New("reading a policy: got no JSON object")
	}
	raw := all["Statement"]
	var each []elements
	if len(raw) > 0 && raw[0] == '{' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err := json.Unmarshal(raw, &each); err != nil || each == nil {
		return nil, errors.New("reading a policy: got no Statement")
	}
	var out document
	for i, e := range each {
		s, err := e.statement()
		if err != nil {
			return nil, fmt.Errorf("reading a policy: statement %d: %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// elements are those of a policy or of a statement by their names.
type elements map[string]json.RawMessage

func (e elements) statement() (s statement, err error) {
	if json.Unmarshal(e["Effect"], &s.effect) != nil || s.effect != allow && s.effect != deny {
		return s, fmt.Errorf("got Effect %s, want %q or %q", e["Effect"], allow, deny)
	}
	for _, pair := range []struct {
		name, not string
		is, isNot *[]string
	}{
		{"Action", "NotAction", &s.actions, &s.notActions},
		{"Resource", "NotResource", &s.resources, &s.notResources},
	} {
		if *pair.is, err = e.texts(pair.name); err != nil {
			return s, err
		}
		if *pair.isNot, err = e.texts(pair.not); err != nil {
			return s, err
		}
		if (len(*pair.is) > 0) == (len(*pair.isNot) > 0) {
			return s, fmt.Errorf("got none or both of %s and %s, want one", pair.name, pair.not)
		}
	}
	s.principal, s.notPrincipal = e["Principal"], e["NotPrincipal"] != nil
	var blocks map[string]elements
	if raw, ok := e["Condition"]; ok && json.Unmarshal(raw, &blocks) != nil {
		return s, errors.New("got a Condition that is no block of conditions")
	}
	for operator, keys := range blocks {
		for key := range keys {
			values, err := keys.texts(key)
			if err != nil {
				return s, err
			}
			s.conditions = append(s.conditions, condition{operator, key, values})
		}
	}
	slices.SortFunc(s.conditions, func(a, b condition) int { return strings.Compare(a.String(), b.String()) })
	return s, nil
}

// texts are the one text or the several of an element.
func (e elements) texts(name string) ([]string, error) {
	raw, ok := e[name]
	if !ok {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var several []string
	if json.Unmarshal(raw, &several) != nil || several == nil {
		return nil, fmt.Errorf("got a %s that is neither a text nor a list of texts", name)
	}
	return several, nil
}

func (c condition) String() string { return c.operator + " of " + c.key }

// on evaluates the policy: a deny goes over every allow.
func (d document) on(q question) opinion {
	var out opinion
	doubts := make(map[ruling][]string)
	for _, s := range d {
		matches, unsure := s.matches(q)
		switch {
		case !matches:
		case len(unsure) > 0:
			doubts[s.effect] = append(doubts[s.effect], unsure...)
		case out.ruling != deny:
			out.ruling = s.effect
		}
	}
	switch out.ruling {
	case allow:
		out.unsure = doubts[deny]
	case silent:
		out.unsure = append(doubts[deny], doubts[allow]...)
	}
	slices.Sort(out.unsure)
	out.unsure = slices.Compact(out.unsure)
	return out
}

// matches reports whether the statement is about the call, as far as that can be told; if there is a doubt, it may be.
func (s statement) matches(q question) (matches bool, unsure []string) {
	whose, sure := q.means(s.principal)
	if !whose {
		return false, nil
	}
	if !sure || s.notPrincipal {
		unsure = append(unsure, "its principal")
	}
	covers := func(patterns []string, value string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, value) })
	}
	action := strings.ToLower(q.action)
	if covers(lower(s.notActions), action) || len(s.actions) > 0 && !covers(lower(s.actions), action) {
		return false, nil
	}
	switch variable := slices.ContainsFunc(slices.Concat(s.resources, s.notResources), func(r string) bool { return strings.Contains(r, "${") }); {
	case covers(s.notResources, q.resource):
		return false, nil
	case len(s.resources) == 0 || covers(s.resources, q.resource):
		if variable && len(s.resources) == 0 {
			unsure = append(unsure, "its policy variables")
		}
	case variable:
		unsure = append(unsure, "its policy variables")
	default:
		return false, nil
	}
	for _, c := range s.conditions {
		holds, known := c.holds(q)
		if known && !holds {
			return false, nil
		}
		if !known {
			unsure = append(unsure, c.String())
		}
	}
	return true, unsure
}

func lower(texts []string) []string {
	out := slices.Clone(texts)
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// means reports whether a principal of a policy is that of the question, and whether that is sure.
func (q question) means(principal json.RawMessage) (is, sure bool) {
	if principal == nil {
		return true, true
	}
	var everybody string
	if json.Unmarshal(principal, &everybody) == nil {
		return everybody == "*", true
	}
	var kinds elements
	if json.Unmarshal(principal, &kinds) != nil {
		return true, false
	}
	services, _ := kinds.texts("Service")
	accounts, _ := kinds.texts("AWS")
	switch {
	case slices.Contains(accounts, "*"), q.service != "" && slices.Contains(services, q.service):
		return true, true
	case q.anonymous || q.service != "":
		return false, true
	}
	return len(accounts) > 0, false
}

// holds reports whether a condition holds, and whether that can be told.
func (c condition) holds(q question) (holds, known bool) {
	value, ok := q.context[strings.ToLower(c.key)]
	fits := map[string]func(pattern, value string) bool{
		"StringEquals": func(pattern, value string) bool { return pattern == value }, "StringLike": glob, "ArnLike": globARN, "ArnEquals": globARN,
	}[c.operator]
	if !ok || fits == nil {
		return false, false
	}
	return slices.ContainsFunc(c.values, func(pattern string) bool { return fits(pattern, value) }), true
}

// globARN matches the parts of an ARN one by one.
func globARN(pattern, arn string) bool {
	const parts = 6
	patterns, values := strings.SplitN(pattern, ":", parts), strings.SplitN(arn, ":", parts)
	if len(patterns) != len(values) {
		return false
	}
	for i := range values {
		if !glob(patterns[i], values[i]) {
			return false
		}
	}
	return true
}

// glob matches a text with a pattern in which * is any text and ? is any one character.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	at, from := -1, 0 // the last star, and what it takes up to
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			at, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case at >= 0:
			from++
			i, j = at+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
