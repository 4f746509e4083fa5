package secrets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

const defaultSessionName = "probe"

// denyAll makes of any role a powerless outsider: its credentials are valid, and nothing is allowed to them.
const denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// resolvePrincipal retrieves the credentials of the principal with this name.
func resolvePrincipal(ctx context.Context, plan probe.Plan, name string,
	secrets map[*probe.Reference]probe.ResolvedSecret,
) probe.ResolvedCredentials {
	p, ok := plan.Principals[name]
	var creds aws.Credentials
	err := errors.New("not in the plan")
	if ok {
		creds, err = retrieve(ctx, plan, p, secrets)
	}
	if err != nil {
		return probe.ResolvedCredentials{Err: fmt.Errorf("resolving principal %q: %w", name, err)}
	}
	out := probe.Credentials{
		AccessKeyID:     creds.AccessKeyID,
		SecretAccessKey: probe.NewSecret(creds.SecretAccessKey),
		SessionToken:    probe.NewSecret(creds.SessionToken),
	}
	if creds.CanExpire {
		out.Expires = creds.Expires
	}
	return probe.ResolvedCredentials{Credentials: out}
}

// retrieve gets first the credentials that the principal starts from, then those of its role if it has one.
func retrieve(ctx context.Context, plan probe.Plan, p probe.Principal,
	secrets map[*probe.Reference]probe.ResolvedSecret,
) (aws.Credentials, error) {
	if p.SessionPolicy != "" && p.RoleARN == "" {
		// Leaving the policy out would make an outsider with rights.
		return aws.Credentials{}, errors.New("session policy without a role")
	}
	fixed, err := staticKeys(p, secrets)
	if err != nil || fixed.HasKeys() && p.RoleARN == "" {
		return fixed, err
	}

	cfg, err := load(ctx, plan, p, fixed)
	var source aws.Credentials
	if err == nil {
		source, err = cfg.Credentials.Retrieve(ctx)
	}
	if err != nil {
		from := "finding credentials in the default chain"
		if p.Profile != "" {
			from = fmt.Sprintf("reading profile %q", p.Profile)
		}
		return aws.Credentials{}, fmt.Errorf("%s: %w", from, readable(ctx, err))
	}
	if p.RoleARN == "" {
		return source, nil
	}

	creds, err := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), p.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(p.SessionName, defaultSessionName)
		if p.ExternalID != "" {
			o.ExternalID = &p.ExternalID
		}
		if p.SessionPolicy == "deny-all" {
			o.Policy = aws.String(denyAll)
		} else if p.SessionPolicy != "" {
			o.Policy = &p.SessionPolicy
		}
	}).Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("assuming role %q: %w", p.RoleARN, readable(ctx, inside(err), source))
	}
	return creds, nil
}

// staticKeys are the keys that p gives itself, or no keys.
func staticKeys(p probe.Principal, secrets map[*probe.Reference]probe.ResolvedSecret) (aws.Credentials, error) {
	if p.AccessKeyID == "" {
		return aws.Credentials{}, nil
	}
	if p.SecretAccessKey == nil {
		return aws.Credentials{}, errors.New("access key id without a secret access key")
	}
	secret, token := secrets[p.SecretAccessKey], secrets[p.SessionToken] // without a reference to one, the token is empty
	if err := cmp.Or(secret.Err, token.Err); err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{
		AccessKeyID:     p.AccessKeyID,
		SecretAccessKey: secret.Reveal(),
		SessionToken:    token.Reveal(),
	}, nil
}

// load reads the standard AWS settings for p. Keys, if there are any, take the place of the profile's credentials.
func load(ctx context.Context, plan probe.Plan, p probe.Principal, keys aws.Credentials) (aws.Config, error) {
	var provider aws.CredentialsProvider
	if keys.HasKeys() {
		provider = credentials.StaticCredentialsProvider{Value: keys}
	}
	return config.LoadDefaultConfig(ctx,
		config.WithSharedConfigProfile(p.Profile),
		config.WithRegion(p.Region),
		config.WithDefaultRegion(firstRegion(plan)),
		config.WithCredentialsProvider(provider),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 2
				o.MaxBackoff = time.Second
			})
		}),
		// The SDK retrieves credentials in a goroutine of its own that outlives ctx; this ends it.
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(principalLimit)),
		config.WithLogger(logging.Nop{}),
	)
}

// firstRegion is where STS is asked if neither the principal nor the AWS settings name a region.
func firstRegion(plan probe.Plan) string {
	for _, api := range plan.APIs {
		if api.Region != "" {
			return api.Region
		}
	}
	return ""
}
