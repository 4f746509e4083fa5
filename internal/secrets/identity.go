package secrets

import (
	"context"
	"fmt"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Identity is who AWS takes a principal for.
type Identity struct {
	Account string
	ARN     string
	Expires time.Time // of the credentials; zero: never
}

// WhoAmI resolves a principal of the plan and asks AWS who that is. No policy can forbid the question, so that it
// works for a powerless principal too.
func WhoAmI(ctx context.Context, plan probe.Plan, principal string) (Identity, error) {
	resolved := Resolve(ctx, plan, probe.Needs{Principals: []string{principal}}).Credentials[principal]
	if resolved.Err != nil {
		return Identity{}, resolved.Err
	}
	keys := aws.Credentials{
		AccessKeyID:     resolved.AccessKeyID,
		SecretAccessKey: resolved.SecretAccessKey.Reveal(),
		SessionToken:    resolved.SessionToken.Reveal(),
	}

	ctx, cancel := within(ctx, principalLimit)
	defer cancel()
	cfg, err := load(ctx, plan, plan.Principals[principal], keys)
	if err != nil {
		return Identity{}, fmt.Errorf("identifying principal %q: %w", principal, readable(ctx, err, keys))
	}
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, fmt.Errorf("identifying principal %q: %w", principal, readable(ctx, inside(err), keys))
	}
	return Identity{
		Account: aws.ToString(caller.Account),
		ARN:     aws.ToString(caller.Arn),
		Expires: resolved.Expires,
	}, nil
}
