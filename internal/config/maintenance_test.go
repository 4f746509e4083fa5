package config

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMaintenance(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := load(t, string(text))
	got, err := file.Maintenance("prod")
	if err != nil {
		t.Fatal(err)
	}
	want := []Maintenance{
		{Schedule: "0 22 * * 0", Timezone: "Europe/Dublin", For: 2 * time.Hour, Reason: "releases", Pause: true},
		{
			Timezone: "Europe/Dublin", From: time.Date(2027, 1, 31, 21, 0, 0, 0, time.UTC), Until: time.Date(2027, 2, 1, 6, 0, 0, 0, time.UTC),
			Reason: "ticket 124",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := file.Maintenance("nowhere"); err == nil {
		t.Error("got no error for an environment that there is not")
	}
}
