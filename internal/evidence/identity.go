package evidence

import (
	"context"
	"fmt"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Identity is who AWS takes somebody for.
type Identity struct {
	ARN     string `json:"arn"`
	Account string `json:"account"`
}

// Identify asks AWS for whom it takes the holder of credentials. No policy can forbid the question.
func (a *Account) Identify(ctx context.Context, region string, keys probe.ResolvedCredentials) (Identity, error) {
	if keys.Err != nil {
		return Identity{}, keys.Err
	}
	who, err := a.callerIdentity(ctx, region, func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey.Reveal(), keys.SessionToken.Reveal())
	})
	if err != nil {
		return Identity{}, fmt.Errorf("%s got no answer: %w", getCallerIdentity.Call, innermost(err))
	}
	return who, nil
}

// operator is whose rights show the account.
func (l *look) operator() Identity {
	who, _ := ask(l, getCallerIdentity, func(ctx context.Context) (Identity, error) {
		return l.callerIdentity(ctx, l.api.Region)
	})
	return who
}

func (a *Account) callerIdentity(ctx context.Context, region string, set ...func(*sts.Options)) (Identity, error) {
	c := sts.NewFromConfig(a.config, append(set, func(o *sts.Options) { o.Region = region })...)
	out, err := c.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, err
	}
	return Identity{ARN: aws.ToString(out.Arn), Account: aws.ToString(out.Account)}, nil
}
