package alert

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// AlertmanagerConfig is what an Alertmanager takes.
type AlertmanagerConfig struct {
	Name   string
	URL    Source // without /api/v2
	Bearer Source // nil: no Authorization is sent
	Roots  *x509.CertPool
	// Watchdog keeps an alert firing for as long as the scheduler works, so that somebody can notice its silence.
	Watchdog bool
}

// NewAlertmanager is a destination that keeps a Prometheus Alertmanager told of what is firing, over its API v2. Grouping,
// routing and repetition are its job.
func NewAlertmanager(c AlertmanagerConfig) Destination { return &alertmanager{c, newClient(c.Roots)} }

type alertmanager struct {
	AlertmanagerConfig
	client *http.Client
}

var _ keeper = (*alertmanager)(nil)

const (
	// heldFor is how long Alertmanager holds an alert for firing without being told again. A prober that is restarted has
	// resolved nothing, so it is long; that a prober has died, the watchdog tells sooner.
	heldFor     = time.Hour
	watchdogFor = 5 * time.Minute

	alertName    = "APIGatewayGate"
	watchdogName = "APIGatewayProbeWatchdog"
	mostAtOnce   = 100
)

// postable is the postableAlert of https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
type postable struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

func (d *alertmanager) Name() string { return d.AlertmanagerConfig.Name }

func (d *alertmanager) Send(ctx context.Context, m Message, now time.Time) error {
	p := toPostable(m.Alert, now)
	if m.Kind == Test {
		p.Labels["alertname"], p.EndsAt = "APIGatewayProbeTest", now.Add(time.Minute)
	}
	return d.post(ctx, []postable{p})
}

// Keep repeats what is firing.
func (d *alertmanager) Keep(ctx context.Context, firing []Alert, alive bool, now time.Time) (told bool, err error) {
	var all []postable
	for _, a := range firing {
		all = append(all, toPostable(a, now))
	}
	if d.Watchdog && alive {
		all = append(all, postable{
			Labels:      map[string]string{"alertname": watchdogName, "severity": "none", "service": "apigwprobe"},
			Annotations: map[string]string{"summary": "probe is alive", "description": "This alert always fires. Its silence says that nothing is probed any more."},
			StartsAt:    now, EndsAt: now.Add(watchdogFor),
		})
	}
	for some := range slices.Chunk(all, mostAtOnce) {
		if err := d.post(ctx, some); err != nil {
			return false, err
		}
	}
	return len(all) > 0, nil
}

func (d *alertmanager) post(ctx context.Context, alerts []postable) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encoding alerts: %w", err)
	}
	return do(ctx, d.client, request{
		method: http.MethodPost, url: d.URL, path: "api/v2/alerts", bearer: d.Bearer,
		header: http.Header{"Content-Type": {"application/json"}}, body: body,
	})
}

// toPostable makes labels of what identifies an alert, and annotations of all that may change while it lasts. An empty
// label is none to Alertmanager, so it is left out.
func toPostable(a Alert, now time.Time) postable {
	p := postable{
		Labels: filled(map[string]string{
			"alertname": alertName, "service": "apigwprobe", "severity": string(a.Severity),
			"environment": a.Environment, "api": a.API, "access": a.Access, "layer": string(a.Layer), "kind": string(a.Kind),
		}),
		Annotations: filled(map[string]string{
			"summary": a.Summary(), "description": a.Reason, "next": a.Next, "reproduce": a.Reproduce,
			"routes": some(a.Routes), "scenarios": some(a.Scenarios), "confidence": string(a.Confidence),
		}),
		StartsAt: a.Since, EndsAt: now.Add(heldFor), GeneratorURL: a.Link,
	}
	if a.LastGood != nil {
		p.Annotations["last_good"] = stamp(a.LastGood.At) + ", run " + a.LastGood.ID
	}
	for name, value := range a.Labels {
		p.Annotations["label_"+annotationName(name)] = value
	}
	if a.Resolved != nil {
		p.EndsAt = *a.Resolved
		p.Annotations["ended"] = a.Ended
	}
	return p
}

func filled(m map[string]string) map[string]string {
	for name, value := range m {
		if value == "" {
			delete(m, name)
		}
	}
	return m
}

// annotationName makes a name that Prometheus allows.
func annotationName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
}
