package alert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// SNSConfig is what a topic takes.
type SNSConfig struct {
	Name        string
	TopicARN    string
	Credentials func(context.Context) (probe.Credentials, error)
	Endpoint    string // empty: that of the topic's region
}

// Publish is the right that a topic takes.
var Publish = probe.Right{Call: "sns Publish", Action: "sns:Publish", Resource: "arn:{partition}:sns:{region}:{account}:{topic}", Shows: "alerts to topics"}

// PublishTo is the right that this topic takes.
func PublishTo(topic string) probe.Right {
	r := Publish
	r.Resource = topic
	return r
}

// NewSNS is a destination that publishes texts to a topic of Amazon SNS, with attributes to filter by.
func NewSNS(c SNSConfig) Destination {
	client := sns.New(sns.Options{
		Region:           regionOf(c.TopicARN),
		HTTPClient:       newClient(nil),
		RetryMaxAttempts: 1, // the outbox tries again
		Logger:           logging.Nop{},
		Credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			creds, err := c.Credentials(ctx)
			if err != nil {
				return aws.Credentials{}, &unresolved{err}
			}
			return aws.Credentials{
				AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey.Reveal(), SessionToken: creds.SessionToken.Reveal(),
			}, nil
		}),
		BaseEndpoint: nonEmpty(c.Endpoint),
	})
	return &topic{c, client}
}

type topic struct {
	SNSConfig
	client *sns.Client
}

// unresolved marks our own error among those of the SDK.
type unresolved struct{ error }

func (t *topic) Name() string { return t.SNSConfig.Name }

func (t *topic) Send(ctx context.Context, m Message, _ time.Time) error {
	in := &sns.PublishInput{
		TopicArn: aws.String(t.TopicARN), Message: aws.String(m.Alert.Text()), Subject: aws.String(subject(m)),
		MessageAttributes: make(map[string]types.MessageAttributeValue),
	}
	for name, value := range map[string]string{
		"message": string(m.Kind), "idempotency_key": m.Key, "severity": string(m.Alert.Severity), "environment": m.Alert.Environment,
		"api": m.Alert.API, "access": m.Alert.Access, "layer": string(m.Alert.Layer), "kind": string(m.Alert.Kind),
	} {
		if value != "" { // which SNS refuses
			in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	if strings.HasSuffix(t.TopicARN, ".fifo") {
		in.MessageDeduplicationId, in.MessageGroupId = aws.String(m.Key), aws.String(m.Alert.ID)
	}
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	_, err := t.client.Publish(ctx, in)
	return t.worded(err)
}

// worded names the code that AWS answered. Its message may repeat what was sent. None is final: what we send is within
// SNS's limits, so it is the topic or the permission that is wrong, and somebody will put it right.
func (t *topic) worded(err error) error {
	var ours *unresolved
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return ours.error
	case errors.As(err, &api) && slices.Contains([]string{"AuthorizationError", "AccessDenied", "AccessDeniedException"}, api.ErrorCode()):
		return fmt.Errorf("got %s from SNS: %s on %s is not allowed", api.ErrorCode(), Publish.Action, t.TopicARN)
	case errors.As(err, &api):
		return fmt.Errorf("got %s from SNS", api.ErrorCode())
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %s", sendLimit)
	}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) && status.HTTPStatusCode() != 0 {
		return fmt.Errorf("got status %d from SNS, want %d", status.HTTPStatusCode(), http.StatusOK)
	}
	return errors.New("no answer from SNS")
}

// subject is what SNS allows of one: ASCII without control characters, and less than 100 of them.
func subject(m Message) string {
	const most = 99
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, "probe "+string(m.Kind)+": "+m.Alert.Summary())
	if len(text) > most {
		text = text[:most-3] + "..."
	}
	return text
}

// regionOf is the fourth part of an ARN.
func regionOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 3 {
		return parts[3]
	}
	return ""
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
