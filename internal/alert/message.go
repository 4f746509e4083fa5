package alert

import (
	"context"
	"errors"
	"time"
)

// MessageKind says what a message tells of its alert.
type MessageKind string

// The kinds of message.
const (
	Raised   MessageKind = "raised"
	Reminder MessageKind = "reminder" // it is still open
	Ended    MessageKind = "resolved"
	Test     MessageKind = "test"
)

// Message is what a destination is told of an alert.
type Message struct {
	// Key is the same whenever the message is sent again, and that of no other message.
	Key   string      `json:"key"`
	Kind  MessageKind `json:"kind"`
	At    time.Time   `json:"at"`
	Alert Alert       `json:"alert"`
}

// Destination is where messages go. A message may be sent twice, with the same key.
type Destination interface {
	// Name is that of the configuration.
	Name() string
	// Send delivers a message, or says why it could not; it holds no secret. An [*Refusal] is final.
	Send(ctx context.Context, m Message, now time.Time) error
}

// keeper is a destination that forgets what it is not told again and again. It wants no reminders.
type keeper interface {
	// Keep tells all alerts that are firing, and whether the scheduler is alive, if there is anything to tell.
	Keep(ctx context.Context, firing []Alert, alive bool, now time.Time) (told bool, err error)
}

// Refusal says that a destination will never take this message, however often it is sent.
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns what the destination said.
func (r *Refusal) Unwrap() error { return r.Err }

func final(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal)
}

// Sample is a message that tests a destination.
func Sample(now time.Time) Message {
	now = now.UTC().Truncate(time.Second)
	key := Key{Environment: "test", API: "orders", Access: "default", Layer: "iam-authentication", Kind: "open"}
	return Message{
		Key: "test-" + now.Format("20060102T150405Z"), Kind: Test, At: now,
		Alert: Alert{
			ID: key.ID(), Key: key, State: Firing, Severity: Info, Since: now, LastSeen: Run{ID: "test", At: now},
			Routes: []string{"GET /orders/{id}"}, Scenarios: []string{"unsigned"}, Rows: 1,
			Reason:    "This is a test of probe alert test. Nothing is wrong.",
			Next:      "do nothing",
			Reproduce: "probe alert test",
		},
	}
}
