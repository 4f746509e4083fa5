package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
)

// Write writes everything in the text format, as node_exporter's textfile collector reads it.
func (m *Metrics) Write(w io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}

// pushLimit bounds one push.
const pushLimit = 15 * time.Second

// Push puts everything to a Pushgateway at target, in the group of job and environment, in place of what was there. A
// password stands in the user part of target; no error repeats it.
func (m *Metrics) Push(ctx context.Context, target, environment string) error {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("pushing metrics: got no URL, want http or https")
	}
	user := u.User
	u.User = nil
	client := &http.Client{
		Timeout:       pushLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p := push.New(u.String(), "apigwprobe").Grouping("instance", environment).Gatherer(m.registry).Client(client)
	if user != nil {
		password, _ := user.Password()
		p = p.BasicAuth(user.Username(), password)
	}
	if err := p.PushContext(ctx); err != nil {
		return fmt.Errorf("pushing metrics to %q: %w", u.Redacted(), err)
	}
	return nil
}
