package secrets

import (
	"cmp"
	"context"
	"errors"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// readStored reads a secret from the store of AWS that ref names, as the principal that ref names. Its keys are among
// the secrets.
func readStored(ctx context.Context, plan probe.Plan, ref *probe.Reference, secrets map[*probe.Reference]probe.ResolvedSecret) (string, error) {
	var p probe.Principal
	var keys aws.Credentials
	if ref.As != nil {
		p = *ref.As
		var err error
		if keys, err = retrieve(ctx, plan, p, secrets); err != nil {
			return "", err
		}
	}
	named, _ := arn.Parse(cmp.Or(ref.SSM, ref.SecretsManager)) // a name is no ARN, and has no region
	p.Region = cmp.Or(ref.Region, named.Region, p.Region)
	cfg, err := load(ctx, plan, p, keys)
	if err != nil {
		return "", readable(ctx, err, keys)
	}
	var value *string
	if ref.SSM != "" {
		var out *ssm.GetParameterOutput
		if out, err = ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &ref.SSM, WithDecryption: aws.Bool(true)}); err == nil {
			value = out.Parameter.Value
		}
	} else {
		var out *secretsmanager.GetSecretValueOutput
		if out, err = secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &ref.SecretsManager}); err == nil {
			value = out.SecretString
		}
	}
	switch {
	case err != nil:
		return "", readable(ctx, err, keys)
	case value == nil:
		return "", errors.New("binary, want text")
	}
	return *value, nil
}
