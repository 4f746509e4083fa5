package secrets

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// OpenAccount reads the standard AWS settings, and those given here over them, to look at an account. It asks nothing yet.
func OpenAccount(ctx context.Context, settings ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append([]func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}, settings...)...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS settings: %w", err)
	}
	if cfg.RetryMaxAttempts == 0 && cfg.RetryMode == "" {
		cfg.Retryer = newPatient
	}
	return cfg, nil
}

// patient retries what came too fast for longer than what failed, where the AWS settings say nothing: the control plane
// takes very few calls a second.
type patient struct{ aws.Retryer }

const (
	patience      = 10 // attempts of what came too fast
	usualPatience = 3  // of what failed
)

func newPatient() aws.Retryer {
	return patient{retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = patience })}
}

// RetryDelay is also where the SDK lets a retryer give up.
func (p patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= usualPatience && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) != aws.TrueTernary {
		return 0, err
	}
	return p.Retryer.RetryDelay(attempt, err)
}
