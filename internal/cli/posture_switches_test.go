package cli_test

import (
	"reflect"
	"testing"

	"apigwprobe/internal/sandbox"
)

// Where the real behaviour is unknown the sandbox has a switch, and the prober must be right in every such world. A new
// switch is tested without a change here.
func TestPostureSwitches(t *testing.T) {
	checkAll(t, inWorlds(t, []posture{
		{name: "healthy"},
		{name: "door shut", setup: doorShut},
		{name: "route lost", fault: without("/orders")},
		{name: "gates open", fault: routes(open("/orders/{id}"), iam("/orders"), open("/health"))},
		{name: "session", declare: signedBy("session", "outsider")},
		{name: "lied to", declare: both(lies[0].change, lies[1].change)},
	}), nil)
}

// worlds are one posture for each value of each switch.
func worlds(t *testing.T) []posture {
	t.Helper()
	var out []posture
	for field := range reflect.TypeFor[sandbox.Switches]().Fields() {
		set := func(name string, value any) {
			out = append(out, posture{name: name, setup: func(m *sandbox.Model) {
				reflect.ValueOf(&m.Switches).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(value))
			}})
		}
		switch {
		case field.Type.Kind() == reflect.Bool:
			set(field.Name, true)
		case field.Name == "UnknownKeyErrorType":
			for _, value := range unknownKeyTypes {
				set(field.Name+"="+value, value)
			}
		default:
			t.Errorf("switch %s: got type %s, want one that this test can turn", field.Name, field.Type)
		}
	}
	if len(out) < 16 {
		t.Fatalf("got %d worlds, want 16 or more", len(out))
	}
	return out
}

// unknownKeyTypes are the error types that sources name for an unknown access key.
var unknownKeyTypes = []string{"UnrecognizedClientException", "AccessDeniedException", "InvalidSignatureException"}
