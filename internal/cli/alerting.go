package cli

import (
	"cmp"
	"context"
	"net/url"
	"os"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/config"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
)

// alertSettings make of what a configuration declares what alerts work with. Secrets are resolved whenever something is sent.
func alertSettings(a *config.Alerts) alert.Settings {
	if a == nil {
		return alert.Settings{}
	}
	s := alert.Settings{Confirm: a.ConfirmAfter, Remind: a.RemindAfter, FlapRaises: a.FlapRaises, FlapWithin: a.FlapWithin}
	for _, d := range a.Destinations {
		s.Targets = append(s.Targets, alert.Target{Destination: alertDestination(d), Least: alert.Severity(d.Severity)})
	}
	if a.Link != "" {
		s.Link = func(x alert.Alert) string {
			link, err := url.JoinPath(a.Link, "runs", x.LastSeen.ID)
			if err != nil {
				return ""
			}
			return link
		}
	}
	return s
}

// heartbeat is who is pinged while the scheduler works, or nil.
func heartbeat(a *config.Alerts) *alert.Heartbeat {
	if a == nil || a.Heartbeat == nil {
		return nil
	}
	return alert.NewHeartbeat(source(a.Heartbeat.URL), a.Heartbeat.Method)
}

func alertDestination(d config.Destination) alert.Destination {
	switch {
	case d.Alertmanager != nil:
		m := d.Alertmanager
		return alert.NewAlertmanager(alert.AlertmanagerConfig{
			Name: d.Name, URL: source(m.URL), Bearer: source(m.BearerToken), Roots: m.RootCAs, Watchdog: m.Watchdog,
		})
	case d.Webhook != nil:
		w := d.Webhook
		return alert.NewWebhook(alert.WebhookConfig{
			Name: d.Name, URL: source(w.URL), Secret: source(w.Secret), Bearer: source(w.BearerToken), Roots: w.RootCAs,
		})
	default:
		return alert.NewSNS(alert.SNSConfig{
			Name: d.Name, TopicARN: d.Topic.ARN, Credentials: credentials(d.Topic.Principal),
			Endpoint: cmp.Or(os.Getenv("AWS_ENDPOINT_URL_SNS"), os.Getenv("AWS_ENDPOINT_URL")),
		})
	}
}

func source(ref *probe.Reference) alert.Source {
	if ref == nil {
		return nil
	}
	return func(ctx context.Context) (probe.Secret, error) {
		found := secrets.Resolve(ctx, probe.Plan{}, probe.Needs{References: []*probe.Reference{ref}}).Secrets[ref]
		return found.Secret, found.Err
	}
}

func credentials(p probe.Principal) func(context.Context) (probe.Credentials, error) {
	const chain = "default chain"
	if p.Name == "" {
		p.Name = chain
	}
	plan := probe.Plan{Principals: map[string]probe.Principal{p.Name: p}}
	return func(ctx context.Context) (probe.Credentials, error) {
		found := secrets.Resolve(ctx, plan, probe.Needs{Principals: []string{p.Name}}).Credentials[p.Name]
		return found.Credentials, found.Err
	}
}
