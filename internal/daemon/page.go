package daemon

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"apigwprobe/internal/store"
)

// The pages load their own style and script, ask nobody else, and run nothing that is written in them: whatever a gateway
// or a backend said, it stays text.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

var (
	//go:embed page/*.tmpl
	pageFiles embed.FS
	//go:embed page/page.css
	pageStyle []byte
	//go:embed page/page.js
	pageScript []byte

	pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
		"show": visible, "words": standWords, "line": lineWords, "trigger": triggerWords, "symbol": symbolOf, "place": placeWords, "tone": toneOf,
		"on": func(p page, it any) map[string]any { return map[string]any{"Page": p, "It": it} },
	}).ParseFS(pageFiles, "page/*.tmpl"))
)

// page is what every page shows, and what one of them does.
type page struct {
	Title  string
	Up     string // the environment that it is a part of, if that is served
	Now    time.Time
	Config ConfigState
	Body   any
}

// UpLink leads to the environment that the page is a part of.
func (p page) UpLink() string { return environmentLink(p.Up) }

// At tells a time, and how long ago it was or will be.
func (p page) At(t time.Time) template.HTML { return timeHTML(p.Now, t) }

// view is the body of a page, and the template that shows it.
type view struct {
	title, up, template string
	body                any
}

// pages answers what a browser asks for.
func (s *Web) pages(mux *http.ServeMux) {
	for pattern, look := range map[string]func(*http.Request) (view, error){
		"GET /{$}":                         s.overviewPage,
		"GET /environments/{env}":          s.environmentPage,
		"GET /environments/{env}/route":    s.routePage,
		"GET /environments/{env}/changes":  s.changesPage,
		"GET /environments/{env}/coverage": s.coveragePage,
		"GET /runs/{id}":                   s.runPage,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.show(w, r, look) })
	}
	for pattern, do := range map[string]func(*http.Request) error{
		"POST /environments/{env}/run": func(r *http.Request) error { return s.Daemon.RunNow(r.PathValue("env"), Job{}) },
		"POST /environments/{env}/pause": func(r *http.Request) error {
			return s.Daemon.SetPause(r.PathValue("env"), Pause{Since: s.Daemon.now().UTC()})
		},
		"POST /environments/{env}/resume": func(r *http.Request) error { return s.Daemon.Resume(r.PathValue("env")) },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := do(r); err != nil && !errors.Is(err, ErrBusy) { // one that goes on is what was asked for
				s.failPage(w, r, err)
				return
			}
			http.Redirect(w, r, environmentLink(r.PathValue("env")), http.StatusSeeOther)
		})
	}
	mux.HandleFunc("GET /page.css", func(w http.ResponseWriter, _ *http.Request) {
		asset(w, "text/css; charset=utf-8", []byte(s.Style), pageStyle)
	})
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) { asset(w, "text/javascript; charset=utf-8", pageScript) })
}

func asset(w http.ResponseWriter, media string, parts ...[]byte) {
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(bytes.Join(parts, []byte("\n"))) // whoever does not listen misses it
}

func (s *Web) show(w http.ResponseWriter, r *http.Request, look func(*http.Request) (view, error)) {
	v, err := look(r)
	if err != nil {
		s.failPage(w, r, err)
		return
	}
	s.write(w, r, http.StatusOK, v)
}

func (s *Web) write(w http.ResponseWriter, r *http.Request, code int, v view) {
	var b bytes.Buffer
	status := s.Daemon.Status()
	p := page{Title: v.title, Now: s.Daemon.now().UTC(), Config: status.Config, Body: v.body}
	if slices.ContainsFunc(status.Environments, func(e EnvironmentStatus) bool { return e.Name == v.up }) {
		p.Up = v.up
	}
	if err := pageTemplates.ExecuteTemplate(&b, v.template, p); err != nil {
		s.fail(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	// A form that is sent tells whose page it stood on; nobody else learns anything.
	header.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // whoever does not listen misses it
}

// failPage says in a page why there is no other.
func (s *Web) failPage(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var m mistake
	switch {
	case errors.As(err, &m):
		status = http.StatusBadRequest
	case errors.Is(err, ErrUnknown), errors.Is(err, store.ErrNotFound), errors.Is(err, errNothing):
		status = http.StatusNotFound
	case errors.Is(err, ErrEnding):
		status = http.StatusServiceUnavailable
	default:
		s.Daemon.Log.Warn("a page failed", "error", err, "remote", r.RemoteAddr, "path", short(r.URL.Path))
	}
	s.write(w, r, status, view{"no such page", "", "trouble", err.Error()})
}

func environmentLink(environment string) string {
	return "/environments/" + url.PathEscape(environment)
}

// routeLink leads to a place, as it is now or as it was in a run, and there to a scenario.
func routeLink(at store.Place, run, scenario string) string {
	q := url.Values{"api": {at.API}, "route": {at.Route}, "access": {at.AccessID}}
	if run != "" {
		q.Set("run", run)
	}
	link := environmentLink(at.Environment) + "/route?" + q.Encode()
	if scenario != "" {
		link += "#" + url.PathEscape(scenario)
	}
	return link
}

func runLink(id string) string { return "/runs/" + url.PathEscape(id) }

// pastOf reads how far back a page looks.
func pastOf(r *http.Request, environment string) (store.Query, error) {
	q := store.Query{Environment: environment, Limit: pageRuns}
	text := r.URL.Query().Get("until")
	if text == "" {
		return q, nil
	}
	var err error
	if q.Until, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return q, mistake{fmt.Errorf("reading the time until which runs are shown: got %q", short(text))}
	}
	return q, nil
}

// olderLink leads from runs, the oldest first, to those before them.
func olderLink(to string, runs []store.Run) string {
	if len(runs) < pageRuns {
		return ""
	}
	return to + url.Values{"until": {runs[0].Started.Format(time.RFC3339Nano)}}.Encode()
}
