package cli

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"run", "plan", "missing-api-key", "invalid-api-key", "unsigned"}
	for got, want := range map[string]string{
		"rnu": "run", "pln": "plan", "missing-apikey": "missing-api-key", "invalid_api_key": "invalid-api-key",
		"unsinged": "unsigned", "frobnicate": "", "": "",
	} {
		if near := nearest(names, got); near != want {
			t.Errorf("%q: got %q, want %q", got, near, want)
		}
	}
}
