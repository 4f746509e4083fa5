package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func right(action, resource string) probe.Right {
	return probe.Right{Action: action, Resource: resource}
}

func TestPolicyAllowsNoMoreThanItMust(t *testing.T) {
	const region = "arn:{partition}:apigateway:{region}::"
	stage := right("apigateway:GET", region+"/restapis/{api}/stages/{stage}")
	got := policyFor([]probe.Right{
		right("sts:AssumeRole", "arn:aws:iam::123456789012:role/caller"),
		stage.In("eu-west-1", "api", "a1b2c3d4e5", "stage", "prod"),
		stage.In("cn-north-1", "api", "a1b2c3d4e5"), // of any stage
		stage.In("cn-north-1", "api", "a1b2c3d4e5", "stage", "prod"),
		right("", "*"), // which nobody can be refused
		stage.In("eu-west-1", "api", "a1b2c3d4e5", "stage", "prod"),
	})
	want := iamPolicy{"2012-10-17", []statement{
		{Sid: "ReadAPIs", Effect: "Allow", Action: "apigateway:GET", Resource: []string{
			"arn:aws-cn:apigateway:cn-north-1::/restapis/a1b2c3d4e5/stages/*", "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod",
		}},
		{Sid: "AssumePrincipals", Effect: "Allow", Action: "sts:AssumeRole", Resource: []string{"arn:aws:iam::123456789012:role/caller"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		q, p string
		want bool
	}{
		{"*", "a/*", true},
		{"a/*", "a/b/c", true},
		{"a/*/c", "a/*/c", true},
		{"a/*/c", "a/b/*", false},
		{"a/b", "a/*", false},
		{"a-??", "a-bc", true},
		{"a-??", "a-b", false},
		{"a-?", "a-*", false},
		{"a-*", "a-??????", true},
		{"a.c", "abc", false},
	} {
		if got := covers(c.q, c.p); got != c.want {
			t.Errorf("covers(%q, %q): got %t, want %t", c.q, c.p, got, c.want)
		}
	}
}

// IAM takes no policy that is too long; one for anything is short.
func TestPolicyFits(t *testing.T) {
	in := Input{Wide: []probe.Right{right("apigateway:GET", "arn:aws:apigateway:*::/restapis/*")}}
	var said []string
	in.Say = func(note string) { said = append(said, note) }
	for i := range 200 {
		in.Rights = append(in.Rights, right("apigateway:GET", fmt.Sprintf("arn:aws:apigateway:eu-west-1::/restapis/%010d", i)))
	}
	var out bytes.Buffer
	if err := iamRights.Write(&out, in); err != nil {
		t.Fatal(err)
	}
	var got iamPolicy
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(policyFor(in.Wide), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	const want = "a policy for these environments alone is longer than the 6144 characters that IAM allows: this one is for any"
	if len(said) != 2 || said[0] != want || !strings.Contains(said[1], "execute-api:Invoke") {
		t.Errorf("got the notes %q, want %q and one on execute-api:Invoke", said, want)
	}
}
