package secrets

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// whole compares materials as values: secrets by what they hold, errors by their text.
var whole = cmp.Options{
	cmp.Comparer(func(a, b probe.Secret) bool { return a == b }),
	cmp.Comparer(func(a, b error) bool { return text(a) == text(b) }),
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func secret(value string) probe.ResolvedSecret {
	return probe.ResolvedSecret{Secret: probe.NewSecret(value)}
}

// A run of refusals needs nothing, and must be possible where there is nothing: no secret, no AWS settings, no network.
func TestResolve_nothing_needed_touches_nothing(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "touched")
	aws := newSTS(t, `
[default]
credential_process = touch `+marker+`
`)
	key := &probe.Reference{Command: []string{"touch", marker}}
	plan := probe.Plan{
		APIs: []probe.API{{
			Name:   "orders",
			Region: "eu-west-1",
			Routes: []probe.Route{{APIKey: key, Principal: "caller", Outsider: "outsider"}},
		}},
		Principals: map[string]probe.Principal{
			"caller":   {Name: "caller"},
			"fixed":    {Name: "fixed", AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: key},
			"outsider": {Name: "outsider", RoleARN: "arn:aws:iam::123456789012:role/probe", SessionPolicy: "deny-all"},
		},
	}

	got := Resolve(t.Context(), plan, probe.Needs{})

	want := probe.Material{
		Credentials: map[string]probe.ResolvedCredentials{},
		Secrets:     map[*probe.Reference]probe.ResolvedSecret{},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("material (-want +got):\n%s", diff)
	}
	if calls := aws.calls(); len(calls) != 0 {
		t.Errorf("STS was called: %+v", calls)
	}
	if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a command ran: stat %s: %v", marker, err)
	}
}

func TestResolve_keeps_failures_apart(t *testing.T) {
	newSTS(t, "")
	t.Setenv("PRESENT", "for the header")
	t.Setenv("SECRET", "for the signature")
	present := &probe.Reference{Env: "PRESENT"}
	missing := &probe.Reference{Env: "MISSING", Origin: "probe.yaml:14:9"}
	key := &probe.Reference{Env: "SECRET"}
	plan := probe.Plan{Principals: map[string]probe.Principal{
		"fixed":  {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: key},
		"broken": {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: key, SessionToken: missing},
		"idle":   {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: &probe.Reference{Env: "IDLE"}},
	}}

	got := Resolve(t.Context(), plan, probe.Needs{
		References: []*probe.Reference{present, missing, present, nil},
		Principals: []string{"fixed", "broken", "unheard-of", "fixed", ""},
	})

	notSet := `resolving environment variable "MISSING" (probe.yaml:14:9): not set`
	want := probe.Material{
		Secrets: map[*probe.Reference]probe.ResolvedSecret{
			present: secret("for the header"),
			key:     secret("for the signature"),
			missing: {Err: errors.New(notSet)},
		},
		Credentials: map[string]probe.ResolvedCredentials{
			"fixed": {Credentials: probe.Credentials{
				AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
				SecretAccessKey: probe.NewSecret("for the signature"),
			}},
			"broken":     {Err: errors.New(`resolving principal "broken": ` + notSet)},
			"unheard-of": {Err: errors.New(`resolving principal "unheard-of": not in the plan`)},
		},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("material (-want +got):\n%s", diff)
	}
}

func TestEach_is_concurrent_and_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := make([]int, 3*concurrency)
		for i := range keys {
			keys[i] = i + 1
		}
		var running, most atomic.Int32
		start := time.Now()
		got := each(keys, func(key int) int {
			now := running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Second)
			if now > most.Load() {
				most.Store(now)
			}
			return -key
		})
		want := make(map[int]int)
		for _, key := range keys {
			want[key] = -key
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if most.Load() != concurrency || time.Since(start) != 3*time.Second {
			t.Errorf("at most %d at a time in %s, want %d in 3s", most.Load(), time.Since(start), concurrency)
		}
	})
}
