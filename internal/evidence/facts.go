package evidence

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// served is what the account says of what a stage serves.
type served struct {
	stage    bool    // it is there, and has a deployment
	changing string  // why more than one configuration may have answered; "": that is not seen
	settled  bool    // it was as it is before anything was sent
	openWAF  bool    // no web ACL is attached to it
	methods  methods // nil: not seen
	edited   bool    // the methods are those of the API, which deploys itself
	from     string  // the call that showed them
}

// settling is more than a change of a stage takes to reach every request: up to 33 s were seen.
const settling = time.Minute

// facts tells, of each answer whose layer is open, what the account rules out on the way that the request took. It is
// true of the time of the look: the engine believes it only as far as one configuration answered.
func (l *look) facts() map[string][]probe.Evidence {
	if !slices.ContainsFunc(l.sent, func(res probe.Result) bool { return len(suspects(&res)) > 0 }) {
		return nil
	}
	s := l.served()
	out := make(map[string][]probe.Evidence)
	for i := range l.sent {
		res := &l.sent[i]
		if len(suspects(res)) == 0 {
			continue
		}
		if s.changing != "" {
			out[res.ID] = append(out[res.ID], probe.Evidence{Text: "account: " + s.changing, Grade: probe.Documented, Changing: true})
		}
		for _, f := range l.about(res, s) {
			if e, about := f.evidence(res, s.settled); about {
				out[res.ID] = append(out[res.ID], e)
			}
		}
	}
	return out
}

// about are the facts about a request.
func (l *look) about(res *probe.Result, s served) []fact {
	out := l.atHost(res)
	path, took, sure := l.tookStage(res)
	if !took || !s.stage {
		return out
	}
	for _, f := range s.facts(l.api, res, path) {
		f.weak = f.weak || !sure
		out = append(out, f)
	}
	out = append(out, l.policies(res.Request.Method, path)...)
	if keys, _ := s.methods.takers(res.Request.Method, path); len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return !s.methods[k].key }) {
		out = append(out, l.keyless()...)
	}
	return out
}

// fact is what lets layers out.
type fact struct {
	text string
	out  []probe.Layer
	weak bool // it is not known to be of what is deployed
}

// evidence is what the fact says of a result, if it is about any layer that may have refused it.
func (f fact) evidence(res *probe.Result, settled bool) (probe.Evidence, bool) {
	open := suspects(res)
	e := probe.Evidence{Text: "account: " + f.text, Grade: probe.Documented, Standing: true}
	if f.weak || !settled {
		e.Grade = probe.Inferred
	}
	for _, l := range f.out {
		if slices.Contains(open, l) {
			e.Passed = append(e.Passed, l)
		}
	}
	return e, len(e.Passed) > 0
}

// suspects are the layers that may have refused, as far as the answers show it.
func suspects(res *probe.Result) []probe.Layer {
	if res.Attribution == nil || res.Request == nil || res.Request.Traits == nil {
		return nil
	}
	var out []probe.Layer
	for _, c := range res.Attribution.Candidates {
		if c.Layer != probe.None && !slices.Contains(out, c.Layer) {
			out = append(out, c.Layer)
		}
	}
	return out
}

func (l *look) served() served {
	if l.api.Type == probe.REST {
		return l.servedREST()
	}
	return l.servedV2()
}

func (l *look) servedREST() served {
	s, got := l.restStage()
	if got != seen || aws.ToString(s.DeploymentId) == "" {
		return served{}
	}
	out := served{stage: true, openWAF: aws.ToString(s.WebAclArn) == "", from: getDeployment.Call}
	out.changed(l, s.LastUpdatedDate)
	if s.CanarySettings != nil && s.CanarySettings.PercentTraffic > 0 {
		out.changing = fmt.Sprintf("stage %q has a canary, which takes a share of the requests (%s)", l.api.Stage, getStage.Call)
		return out
	}
	out.methods = l.deployedMethods(*s.DeploymentId)
	return out
}

func (l *look) servedV2() served {
	s, got := l.v2Stage()
	if got != seen {
		return served{}
	}
	auto := aws.ToBool(s.AutoDeploy)
	out := served{stage: auto || aws.ToString(s.DeploymentId) != "", edited: auto, from: exportAPI.Call}
	out.changed(l, s.LastUpdatedDate)
	switch {
	case auto:
		out.methods, out.from = l.editedRoutes(), getRoutes.Call
	case l.api.Type == probe.HTTP:
		out.methods = l.exportedRoutes()
	}
	return out
}

// changed notes when the stage became what it is. Requests were sent by the gateway's clock, or by ours where that is
// the earlier one.
func (s *served) changed(l *look, updated *time.Time) {
	if updated == nil {
		return
	}
	s.settled = true
	for _, res := range l.sent {
		if res.Observed == nil {
			continue
		}
		at := res.At
		if date, err := http.ParseTime(res.Observed.Header("date")); err == nil && date.Before(at) {
			at = date
		}
		if at.Before(updated.Add(settling)) {
			s.settled = false
			s.changing = fmt.Sprintf("stage %q was changed at %s, not a minute before the first request or later", l.api.Stage, updated.UTC().Format(time.RFC3339))
			return
		}
	}
}

// tookStage reports whether a request went to the stage, and returns its path behind that. To $default goes what names
// no other stage; which there are is not asked, so that is not sure.
func (l *look) tookStage(res *probe.Result) (path string, took, sure bool) {
	if !l.ownHost(res) {
		_, path, leads := l.ledHere(res)
		return path, leads, false
	}
	path = res.Request.Facets[probe.FacetPath]
	if l.api.Stage == probe.DefaultStage {
		return path, true, false
	}
	stage, path, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "/" + path, stage == l.api.Stage, true
}

// facts are those about a request that took the stage.
func (s served) facts(api probe.API, res *probe.Result, path string) []fact {
	out := []fact{{text: fmt.Sprintf("stage %q of %s is there and deployed (%s)", api.Stage, api.ID, s.stageCall(api)), out: []probe.Layer{probe.Stage}}}
	if s.openWAF {
		out = append(out, fact{text: fmt.Sprintf("no web ACL is attached to stage %q of %s (%s)", api.Stage, api.ID, getStage.Call), out: []probe.Layer{probe.WAF}})
	}
	if s.methods == nil {
		return out
	}
	_, overridden := res.Request.Headers["x-http-method-override"]
	if decoded, err := url.PathUnescape(path); overridden || err != nil || strings.Contains(decoded, "..") {
		return out // what method or path that comes to is not known
	}
	for _, f := range s.methods.facts(api, res.Request.Method, path) {
		f.text, f.weak = fmt.Sprintf("%s (%s)", f.text, s.from), s.edited
		if s.edited {
			f.text += ", in the API, which deploys itself"
		}
		out = append(out, f)
	}
	return out
}

func (s served) stageCall(api probe.API) string {
	if api.Type == probe.REST {
		return getStage.Call
	}
	return getV2Stage.Call
}

// behindRoute are layers that no request meets without a method or route.
var behindRoute = append(slices.Clone(authorizing), probe.APIKeyLayer, probe.RequestValidation, probe.Integration, probe.Backend)

// facts are what methods say of a request to a path. Which of several takes it is not decided: what all of them say holds.
func (m methods) facts(api probe.API, verb, path string) []fact {
	var keys []string
	surely := false
	if api.Type == probe.WebSocket { // who opens a connection may do so without a route
		if _, ok := m[probe.ConnectRoute]; !ok || path != "/" {
			return nil
		}
		keys = []string{probe.ConnectRoute}
	} else if keys, surely = m.takers(verb, path); len(keys) == 0 {
		return []fact{{text: fmt.Sprintf("stage %q has nothing for %s %s", api.Stage, verb, path), out: behindRoute}}
	}
	names := fmt.Sprintf("%s of stage %q", strings.Join(keys, " or "), api.Stage)
	var out []fact
	if surely {
		out = append(out, fact{text: names + " takes it", out: []probe.Layer{probe.RouteLayer}})
	}
	kinds, others := m.authorizations(keys)
	out = append(out, fact{text: names + " has authorization " + strings.Join(kinds, " or "), out: others})
	if !slices.ContainsFunc(keys, func(k string) bool { return m[k].key }) {
		out = append(out, fact{text: names + " requires no API key", out: []probe.Layer{probe.APIKeyLayer}})
	}
	return out
}

// authorizes are the layers of each authorization type.
var authorizes = map[probe.Authorization][]probe.Layer{
	probe.AuthNone:    {},
	probe.AuthIAM:     {probe.IAMAuthentication, probe.IAMAuthorization},
	probe.AuthCustom:  {probe.LambdaAuthorizer},
	probe.AuthCognito: {probe.CognitoAuthorizer},
	probe.AuthJWT:     {probe.JWTAuthorizer},
}

// authorizations are the authorization types of some methods, and the layers of all others. A type that is not known
// may be anything.
func (m methods) authorizations(keys []string) (kinds []string, others []probe.Layer) {
	others = slices.Clone(authorizing)
	for _, k := range keys {
		kind := m[k].authorization
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		own, known := authorizes[probe.Authorization(kind)]
		others = slices.DeleteFunc(others, func(l probe.Layer) bool { return !known || slices.Contains(own, l) })
	}
	return kinds, others
}
