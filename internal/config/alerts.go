package config

import (
	"crypto/x509"
	"net/url"
	"time"

	"apigwprobe/probe"
)

// Alerts are what is declared of alerts. What is not said is zero.
type Alerts struct {
	Destinations []Destination // in the order of the file
	Link         string        // of the daemon's page
	ConfirmAfter time.Duration
	RemindAfter  time.Duration
	FlapRaises   int
	FlapWithin   time.Duration
	Heartbeat    *Heartbeat // nil: nobody is pinged
}

// Destination is one of Alertmanager, Webhook and Topic; the others are nil.
type Destination struct {
	Name     string
	Severity string // from which on it is told; empty: of all

	Alertmanager *Alertmanager
	Webhook      *Webhook
	Topic        *Topic
}

// Alertmanager is a Prometheus Alertmanager.
type Alertmanager struct {
	URL         *probe.Reference
	BearerToken *probe.Reference // nil: none
	RootCAs     *x509.CertPool   // nil: the system's roots
	Watchdog    bool
}

// Webhook is a receiver of CloudEvents.
type Webhook struct {
	URL         *probe.Reference
	Secret      *probe.Reference // nil: nothing is signed
	BearerToken *probe.Reference // nil: none
	RootCAs     *x509.CertPool   // nil: the system's roots
}

// Topic is one of Amazon SNS.
type Topic struct {
	ARN       string
	Principal probe.Principal
}

// Heartbeat is who is pinged.
type Heartbeat struct {
	URL    *probe.Reference
	Method string // empty: POST
}

// Alerts are what the configuration declares of alerts, or nil.
func (f *File) Alerts() *Alerts { return f.alerts }

func (f *File) buildAlerts(wrong, warnings *notes) *Alerts {
	n := f.top.field("alerts")
	if n == nil {
		return nil
	}
	b := &builder{opts: f.opts, wrong: wrong, warnings: warnings, top: f.top, plan: probe.Plan{Principals: make(map[string]probe.Principal)}}
	a := &Alerts{
		Link:         dataOf[string](n.field("link")),
		ConfirmAfter: dataOf[time.Duration](n.field("confirm_after")),
		RemindAfter:  dataOf[time.Duration](n.field("remind_after")),
		FlapRaises:   dataOf[int](n.field("flapping").field("raises")),
		FlapWithin:   dataOf[time.Duration](n.field("flapping").field("within")),
	}
	if h := n.field("heartbeat"); h != nil {
		a.Heartbeat = &Heartbeat{URL: b.urlOf(h), Method: dataOf[string](h.field("method"))}
	}
	each(n.field("destinations"), func(m member) { a.Destinations = append(a.Destinations, b.destination(m)) })
	return a
}

func (b *builder) destination(m member) Destination {
	d := Destination{Name: m.name, Severity: dataOf[string](m.field("severity"))}
	if n := m.field("alertmanager"); n != nil {
		d.Alertmanager = &Alertmanager{
			URL: b.urlOf(n), BearerToken: b.reference(n.field("bearer_token")), RootCAs: b.rootCAs(n.field("ca_file")),
			Watchdog: dataOf[bool](n.field("watchdog")),
		}
	}
	if n := m.field("webhook"); n != nil {
		d.Webhook = &Webhook{
			URL: b.urlOf(n), Secret: b.reference(n.field("secret")), BearerToken: b.reference(n.field("bearer_token")),
			RootCAs: b.rootCAs(n.field("ca_file")),
		}
	}
	if n := m.field("sns"); n != nil {
		d.Topic = &Topic{ARN: dataOf[string](n.field("topic_arn")), Principal: b.plan.Principals[b.principal(n.field("principal"))]}
	}
	return d
}

// urlOf is the URL of n: one that stands in the file, or a reference.
func (b *builder) urlOf(n *node) *probe.Reference {
	u := n.field("url")
	if plain := dataOf[string](u); plain != "" {
		return &probe.Reference{Value: probe.NewSecret(plain), Origin: u.at.String()}
	}
	return b.reference(u)
}

const destinationWant = "{alertmanager: …}, {webhook: …} or {sns: …}, and perhaps a severity"

func checkDestination(c *checker, n *node) {
	kinds := 0
	for _, kind := range []string{"alertmanager", "webhook", "sns"} {
		if n.field(kind) != nil {
			kinds++
		}
	}
	if kinds != 1 {
		c.wrong.add(n.at, "destination: got %d kinds, want exactly one of %s", kinds, destinationWant)
	}
}

// checkBearer lets no token go over the network in the clear.
func checkBearer(c *checker, n *node) {
	token, address := n.field("bearer_token"), n.field("url")
	u, err := url.Parse(dataOf[string](address))
	if token == nil || err != nil || u.Scheme != "http" || loopback(u.Hostname()) {
		return
	}
	c.wrong.add(address.at, `"url": got http:// beside "bearer_token", want https://, or a loopback address`)
}

// webURL is an absolute URL of HTTP without what does not belong into one.
func webURL(_ *checker, v *value) (any, *wrong) {
	u, err := url.Parse(v.text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" {
		return nil, &wrong{want: "a URL such as https://alerts.example.com/in, without user and fragment"}
	}
	return v.text, nil
}
