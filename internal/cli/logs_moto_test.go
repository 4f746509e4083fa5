package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/logging"
	"apigwprobe/probe"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// notInMoto are operations of plans that it does not have, or has without AWS's own policies.
var notInMoto = []string{"apigatewayv2 update-stage", "apigatewayv2 delete-access-log-settings", "iam attach-role-policy", "iam detach-role-policy"}

// The commands of plans have the flags and the shapes of the SDK's model, and an independent implementation takes them.
func TestLogsPlanAgainstMoto(t *testing.T) {
	Long(t)
	moto(t)
	seed(t)
	file, _, _ := discovered(t)
	apis := planOf(t, file).APIs
	if len(apis) != 3 {
		t.Fatalf("got %d APIs, want 3", len(apis))
	}
	for _, api := range apis {
		look := func() *logging.Plan {
			account, err := evidence.Open(t.Context(), evidence.DefaultBudget)
			if err != nil {
				t.Fatal(err)
			}
			return logging.New(api, account.Logging(t.Context(), api, logging.Group(api)), 30)
		}
		planned := look()
		for _, s := range planned.Steps {
			eachCommand(t, s.Do, func(operation string, with map[string]string) { send(t, operation, with) })
		}
		for _, f := range look().Facts {
			settings := f.Name == "access log" || f.Name == "execution log"
			if f.State != logging.Fine && (api.Type == probe.REST || !settings) {
				t.Errorf("%s: %s after the commands: got %s: %s, want fine", api.Name, f.Name, f.State, f.Text)
			}
		}
		for _, s := range slices.Backward(planned.Steps) {
			eachCommand(t, s.Undo, func(operation string, with map[string]string) { send(t, operation, with) })
		}
		// What a stage sets for its methods cannot be removed in moto.
		withoutLevels := func(p *logging.Plan) []logging.Fact {
			return slices.DeleteFunc(p.Facts, func(f logging.Fact) bool { return strings.Contains(f.Name, "execution log") })
		}
		if diff := cmp.Diff(withoutLevels(planned), withoutLevels(look())); diff != "" {
			t.Errorf("%s: undone (-before +after):\n%s", api.Name, diff)
		}
	}
}

// send does what the AWS CLI does with a command.
func send(t *testing.T, operation string, with map[string]string) {
	t.Helper()
	ctx := t.Context()
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRetryMaxAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	rest, v2, logs, roles := apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), iam.NewFromConfig(cfg)
	calls := map[string]func() error{
		"apigateway update-stage":                 call(t, with, rest.UpdateStage),
		"apigateway update-account":               call(t, with, rest.UpdateAccount),
		"apigatewayv2 update-stage":               call(t, with, v2.UpdateStage),
		"apigatewayv2 delete-access-log-settings": call(t, with, v2.DeleteAccessLogSettings),
		"logs create-log-group":                   call(t, with, logs.CreateLogGroup),
		"logs delete-log-group":                   call(t, with, logs.DeleteLogGroup),
		"logs put-retention-policy":               call(t, with, logs.PutRetentionPolicy),
		"logs delete-retention-policy":            call(t, with, logs.DeleteRetentionPolicy),
		"logs put-resource-policy":                call(t, with, logs.PutResourcePolicy),
		"logs delete-resource-policy":             call(t, with, logs.DeleteResourcePolicy),
		"iam create-role":                         call(t, with, roles.CreateRole),
		"iam attach-role-policy":                  call(t, with, roles.AttachRolePolicy),
		"iam detach-role-policy":                  call(t, with, roles.DetachRolePolicy),
		"iam delete-role":                         call(t, with, roles.DeleteRole),
	}
	do, ok := calls[operation]
	if !ok {
		t.Fatalf("got %q, want an operation that plans have", operation)
	}
	if err := do(); err != nil && !(errors.Is(err, errSent) && slices.Contains(notInMoto, operation)) {
		t.Errorf("aws %s %v: %v", operation, with, err)
	}
}

// errSent says that an operation could be asked for, and failed.
var errSent = errors.New("sent")

// call fills the input of an operation from flags: texts as they are, all else in JSON.
func call[In, Out, Options any](t *testing.T, with map[string]string, operation func(context.Context, *In, ...func(*Options)) (*Out, error)) func() error {
	t.Helper()
	return func() error {
		fields := make(map[string]json.RawMessage)
		var in In
		for flag, value := range with {
			if flag == "--region" {
				continue
			}
			var name strings.Builder
			for word := range strings.SplitSeq(strings.TrimPrefix(flag, "--"), "-") {
				name.WriteString(strings.ToUpper(word[:1]) + word[1:])
			}
			field, ok := reflect.TypeOf(in).FieldByName(name.String())
			if !ok {
				t.Errorf("got %s, want a flag of the operation", flag)
				continue
			}
			fields[name.String()] = json.RawMessage(value)
			if field.Type == reflect.TypeFor[*string]() {
				quoted, err := json.Marshal(value)
				if err != nil {
					return err
				}
				fields[name.String()] = quoted
			}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return err
		}
		if _, err := operation(t.Context(), &in); err != nil {
			return fmt.Errorf("%w: %w", errSent, err)
		}
		return nil
	}
}
