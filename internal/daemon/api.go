package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"apigwprobe/internal/store"
)

// apiVersion is that of every document of the interface. Fields may be added; it changes when one goes or changes its meaning.
const apiVersion = 1

// routes are all that can be asked.
func (s *Web) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, map[string]bool{"ok": true}) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.Metrics)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { writeError(w, http.StatusNotFound, errNothing) })
	for pattern, answer := range map[string]func(r *http.Request) (int, any, error){
		"GET /api/v1/environments":                s.environments,
		"GET /api/v1/environments/{env}":          s.environment,
		"POST /api/v1/environments/{env}/run":     s.runNow,
		"PUT /api/v1/environments/{env}/pause":    s.pause,
		"DELETE /api/v1/environments/{env}/pause": s.resume,
		"GET /api/v1/runs":                        s.runs,
		"GET /api/v1/changes":                     s.changes,
		"GET /api/v1/coverage/{env}":              s.coverage,
		"GET /api/v1/alerts":                      s.alerts,
		"GET /api/v1/silences":                    s.silences,
		"POST /api/v1/silences":                   s.silence,
		"DELETE /api/v1/silences/{id}":            s.endSilence,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, document, err := answer(r)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			writeJSON(w, status, document)
		})
	}
	mux.HandleFunc("GET /api/v1/runs/{id}", s.report)
	mux.HandleFunc("GET /api/v1/events", s.events)
}

var errNothing = errors.New("there is nothing here")

// mistake is an error of whoever asked.
type mistake struct{ error }

func wrong(format string, args ...any) error { return mistake{fmt.Errorf(format, args...)} }

// fail answers with what went wrong. What is not the asker's fault is logged.
func (s *Web) fail(w http.ResponseWriter, r *http.Request, err error) {
	var m mistake
	var large *http.MaxBytesError
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, ErrBusy):
		status = http.StatusConflict
	case errors.Is(err, ErrEnding):
		status = http.StatusServiceUnavailable
	case errors.As(err, &large):
		status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("got a body of more than %d bytes", large.Limit)
	case errors.As(err, &m):
		status = http.StatusBadRequest
	}
	if r.Context().Err() == nil && status != http.StatusNotFound {
		s.Daemon.Log.Warn("a request failed", "status", status, "error", err, "remote", r.RemoteAddr, "method", r.Method, "path", short(r.URL.Path))
	}
	writeError(w, status, err)
}

func writeError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	text, err := json.Marshal(document)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"writing the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // whoever does not listen misses it
}

// read reads the JSON document of a request; without a body, nothing.
func read(r *http.Request, into any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength == 0 {
		return nil
	}
	if err != nil || media != "application/json" {
		return wrong("reading the request: got a body of another type, want application/json")
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err = decoder.Decode(into)
	if err == nil && decoder.Decode(&struct{}{}) != io.EOF {
		err = errors.New("got more than one document")
	}
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return wrong("reading the request: %w", err)
}

func (s *Web) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.Daemon.Ready(); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ok": false, "why": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Web) environments(*http.Request) (int, any, error) {
	return http.StatusOK, struct {
		Version int `json:"version"`
		Status
	}{apiVersion, s.Daemon.Status()}, nil
}

func (s *Web) environment(r *http.Request) (int, any, error) {
	status, err := s.status(r)
	return http.StatusOK, status, err
}

// status is how the environment stands that a path names.
func (s *Web) status(r *http.Request) (EnvironmentStatus, error) {
	for _, e := range s.Daemon.Status().Environments {
		if e.Name == r.PathValue("env") {
			return e, nil
		}
	}
	return EnvironmentStatus{}, ErrUnknown
}

func (s *Web) runNow(r *http.Request) (int, any, error) {
	var asked struct {
		APIs   []string          `json:"apis"`
		Labels map[string]string `json:"labels"`
	}
	if err := read(r, &asked); err != nil {
		return 0, nil, err
	}
	env, err := s.status(r)
	if err != nil {
		return 0, nil, err
	}
	for _, api := range asked.APIs {
		if !slices.Contains(env.APIs, api) {
			return 0, nil, wrong("running: got the api %q, want some of %q", short(api), env.APIs)
		}
	}
	if err := s.Daemon.RunNow(r.PathValue("env"), Job{APIs: asked.APIs, Labels: asked.Labels}); err != nil {
		return 0, nil, err
	}
	_, document, err := s.environment(r)
	return http.StatusAccepted, document, err
}

func (s *Web) pause(r *http.Request) (int, any, error) {
	asked := Pause{Since: s.Daemon.now().UTC()}
	if err := read(r, &asked); err != nil {
		return 0, nil, err
	}
	asked.Since = s.Daemon.now().UTC()
	if !asked.Until.IsZero() && !asked.Until.After(asked.Since) {
		return 0, nil, wrong("pausing: got an end that is past, want one ahead or none")
	}
	if err := s.Daemon.SetPause(r.PathValue("env"), asked); err != nil {
		return 0, nil, err
	}
	return s.environment(r)
}

func (s *Web) resume(r *http.Request) (int, any, error) {
	if err := s.Daemon.Resume(r.PathValue("env")); err != nil {
		return 0, nil, err
	}
	return s.environment(r)
}

// How many entries a list has at most, and if nobody says.
const (
	maxList     = 1000
	defaultList = 100
)

// narrowed reads which runs are meant.
func narrowed(r *http.Request) (store.Query, error) {
	asked := r.URL.Query()
	q := store.Query{Environment: asked.Get("environment"), API: asked.Get("api"), Limit: defaultList}
	for name := range asked {
		var err error
		switch value := asked.Get(name); name {
		case "environment", "api":
		case "since":
			q.Since, err = time.Parse(time.RFC3339, value)
		case "until":
			q.Until, err = time.Parse(time.RFC3339, value)
		case "changes":
			q.OnlyChanges, err = strconv.ParseBool(value)
		case "limit":
			q.Limit, err = strconv.Atoi(value)
			if err == nil && (q.Limit < 1 || q.Limit > maxList) {
				err = fmt.Errorf("got %d, want 1 to %d", q.Limit, maxList)
			}
		default:
			err = errors.New("there is no such parameter")
		}
		if err != nil {
			return q, wrong("reading %q: %w", short(name), err)
		}
	}
	return q, nil
}

func (s *Web) runs(r *http.Request) (int, any, error) {
	q, err := narrowed(r)
	if err != nil {
		return 0, nil, err
	}
	runs, err := s.Store.Runs(r.Context(), q)
	return http.StatusOK, map[string]any{"version": apiVersion, "runs": runs}, err
}

func (s *Web) changes(r *http.Request) (int, any, error) {
	q, err := narrowed(r)
	if err != nil {
		return 0, nil, err
	}
	changes, err := s.Store.Changes(r.Context(), q)
	return http.StatusOK, map[string]any{"version": apiVersion, "changes": changes}, err
}

func (s *Web) coverage(r *http.Request) (int, any, error) {
	if _, err := s.status(r); err != nil {
		return 0, nil, err
	}
	gates, err := s.Store.Coverage(r.Context(), r.PathValue("env"))
	return http.StatusOK, map[string]any{"version": apiVersion, "gates": gates}, err
}

// report answers with a stored run, in any format of `probe run`.
func (s *Web) report(w http.ResponseWriter, r *http.Request) {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = "json"
	}
	media, ok := s.Media(format)
	if !ok {
		s.fail(w, r, wrong("writing a run: got format %q, want one of those of probe run", short(format)))
		return
	}
	id, err := s.Store.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	report, err := s.Store.Report(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", media)
	if format == "html" { // the page says in itself what it may load, which is nothing
		w.Header().Del("Content-Security-Policy")
	}
	if err := s.Render(w, format, report); err != nil {
		s.Daemon.Log.Warn("a run could not be written", "run", id, "error", err)
	}
}

func (s *Web) alerts(*http.Request) (int, any, error) {
	active, destinations := s.Daemon.Alerts()
	return http.StatusOK, map[string]any{"version": apiVersion, "alerts": active, "destinations": destinations}, nil
}

func (s *Web) silences(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"version": apiVersion, "silences": s.Daemon.Silences()}, nil
}

// silence holds messages back for a while: during a deployment, say.
func (s *Web) silence(r *http.Request) (int, any, error) {
	var asked struct {
		Environment string    `json:"environment"`
		API         string    `json:"api"`
		From        time.Time `json:"from"`
		Until       time.Time `json:"until"`
		For         string    `json:"for"` // in place of until
		Reason      string    `json:"reason"`
		By          string    `json:"by"`
	}
	if err := read(r, &asked); err != nil {
		return 0, nil, err
	}
	if !slices.ContainsFunc(s.Daemon.Status().Environments, func(e EnvironmentStatus) bool { return e.Name == asked.Environment }) {
		return 0, nil, wrong("adding a silence: %w", ErrUnknown)
	}
	if asked.From.IsZero() {
		asked.From = s.Daemon.now()
	}
	if asked.For != "" {
		length, err := time.ParseDuration(asked.For)
		if err != nil || !asked.Until.IsZero() {
			return 0, nil, wrong(`adding a silence: want "until", or "for" with a duration such as 15m`)
		}
		asked.Until = asked.From.Add(length)
	}
	if !asked.Until.After(asked.From) || !asked.Until.After(s.Daemon.now()) {
		return 0, nil, wrong("adding a silence: got no end that lies ahead, want one")
	}
	added, err := s.Store.AddSilence(r.Context(), store.Silence{
		Environment: asked.Environment, API: asked.API, From: asked.From, Until: asked.Until, Reason: asked.Reason, By: asked.By,
	})
	if err == nil {
		err = s.Daemon.ReadSilences(r.Context())
	}
	return http.StatusCreated, added, err
}

func (s *Web) endSilence(r *http.Request) (int, any, error) {
	err := s.Store.EndSilence(r.Context(), r.PathValue("id"))
	if err == nil {
		err = s.Daemon.ReadSilences(r.Context())
	}
	return http.StatusOK, map[string]any{"version": apiVersion, "silences": s.Daemon.Silences()}, err
}
