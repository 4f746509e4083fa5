package store

import (
	"testing"
	"time"
)

func TestSilenceCovers(t *testing.T) {
	from := time.Date(2026, time.November, 23, 8, 0, 0, 0, time.UTC)
	all := Silence{Environment: "prod", From: from, Until: from.Add(time.Hour)}
	one := all
	one.API = "orders"
	tests := []struct {
		name             string
		silence          Silence
		environment, api string
		after            time.Duration
		want             bool
	}{
		{"any API", all, "prod", "ledger", time.Minute, true},
		{"its API", one, "prod", "orders", time.Minute, true},
		{"another API", one, "prod", "ledger", time.Minute, false},
		{"another environment", all, "staging", "orders", time.Minute, false},
		{"before", all, "prod", "orders", -time.Millisecond, false},
		{"at its beginning", all, "prod", "orders", 0, true},
		{"at its end", all, "prod", "orders", time.Hour, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.silence.Covers(test.environment, test.api, from.Add(test.after)); got != test.want {
				t.Errorf("covers: got %t, want %t", got, test.want)
			}
		})
	}
}
