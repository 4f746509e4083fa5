package metrics

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus/push"
)

const (
	pushLimit  = 15 * time.Second // for one push
	replyLimit = 512              // bytes of an answer that an error repeats
)

// Pushgateway is one of Prometheus, which keeps the metrics of those that do not live to be scraped.
type Pushgateway struct{ url *url.URL }

// NewPushgateway checks the URL, whose user part may hold a name and a password. No error repeats them.
func NewPushgateway(target string) (*Pushgateway, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("pushing metrics: got no URL, want one of http or https")
	}
	return &Pushgateway{u}, nil
}

// Push puts everything in the group of job apigwprobe and instance, in place of what was there.
func (g *Pushgateway) Push(ctx context.Context, m *Metrics, instance string) error {
	ctx, cancel := context.WithTimeout(ctx, pushLimit)
	defer cancel()
	bare := *g.url
	bare.User = nil
	p := push.New(bare.String(), "apigwprobe").Grouping("instance", instance).Gatherer(m.registry).Client(briefly{})
	if user := g.url.User; user != nil {
		password, _ := user.Password()
		p = p.BasicAuth(user.Username(), password)
	}
	if err := p.PushContext(ctx); err != nil {
		return fmt.Errorf("pushing metrics: %s", g.clean(err.Error()))
	}
	return nil
}

// clean takes out of an error what a gateway may have repeated, and what would move a cursor.
func (g *Pushgateway) clean(text string) string {
	if user := g.url.User; user != nil {
		if password, _ := user.Password(); password != "" {
			basic := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
			text = strings.NewReplacer(password, "…", url.QueryEscape(password), "…", basic, "…").Replace(text)
		}
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text))
}

// briefly sends, follows no redirect, and gives back no more than the start of the answer.
type briefly struct{}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Do implements [push.HTTPDoer].
func (briefly) Do(r *http.Request) (*http.Response, error) {
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, replyLimit), resp.Body}
	return resp, nil
}
