package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// WebhookConfig is what a webhook takes.
type WebhookConfig struct {
	Name   string
	URL    Source
	Secret Source // signs; nil: nothing is signed
	Bearer Source // nil: no Authorization is sent
	Roots  *x509.CertPool
}

// NewWebhook is a destination that gets CloudEvents 1.0 as JSON, in structured mode.
func NewWebhook(c WebhookConfig) Destination { return &webhook{c, newClient(c.Roots)} }

type webhook struct {
	WebhookConfig
	client *http.Client
}

// SignatureHeader bears "t=SECONDS,v1=HEX": the time of sending, and the HMAC-SHA256 of "SECONDS.BODY".
const SignatureHeader = "X-Probe-Signature"

// cloudEvent is https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md.
type cloudEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Alert     `json:"data"`
}

func (w *webhook) Name() string { return w.WebhookConfig.Name }

func (w *webhook) Send(ctx context.Context, m Message, now time.Time) error {
	body, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: m.Key, Source: "urn:apigwprobe:" + url.PathEscape(m.Alert.Environment),
		Type: "apigwprobe.alert." + string(m.Kind), Subject: m.Alert.ID, Time: m.At,
		DataContentType: "application/json", Data: m.Alert,
	})
	if err != nil {
		return fmt.Errorf("encoding the event: %w", err)
	}
	header := http.Header{
		"Content-Type":    {"application/cloudevents+json; charset=utf-8"},
		"Idempotency-Key": {m.Key},
	}
	if w.Secret != nil {
		secret, err := w.Secret(ctx)
		if err != nil {
			return fmt.Errorf("reading the secret: %w", err)
		}
		header.Set(SignatureHeader, sign(body, secret.Reveal(), now))
	}
	return do(ctx, w.client, request{method: http.MethodPost, url: w.URL, bearer: w.Bearer, header: header, body: body})
}

// sign is the value of the header. The time lets receivers refuse what somebody recorded and sends again.
func sign(body []byte, secret string, now time.Time) string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(seconds + "."))
	_, _ = mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
