package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"
)

// accountFlags are whether and how a run looks at the account behind the APIs.
type accountFlags struct {
	wanted bool
	budget int
	wait   time.Duration
}

const (
	budgetFlag = "evidence-budget"
	waitFlag   = "evidence-wait"
)

func (a *accountFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&a.wanted, "with-account", a.wanted, "compare with the account, too: with what is deployed and with what is being edited")
	flags.IntVar(&a.budget, budgetFlag, evidence.DefaultBudget, "calls to AWS's APIs of the run at most, with --with-account")
	flags.DurationVar(&a.wait, waitFlag, a.wait, "how long to wait for entries of logs, which may come minutes late, with --with-account")
}

func (a *accountFlags) check(cmd *cobra.Command) error {
	switch {
	case a.budget < 1:
		return hinted{fmt.Errorf("--%s: got %d, want 1 or more", budgetFlag, a.budget), seeHelp(cmd)}
	case a.wait < 0:
		return hinted{fmt.Errorf("--%s: got %v, want 0 or more", waitFlag, a.wait), seeHelp(cmd)}
	}
	for _, flag := range []string{budgetFlag, waitFlag} {
		if cmd.Flags().Changed(flag) && !a.wanted {
			return hinted{fmt.Errorf("--%s: got no --with-account, want it, too", flag), seeHelp(cmd)}
		}
	}
	return nil
}

// open opens the account of an environment, or returns nil if nobody shall look at it.
func (a *accountFlags) open(ctx context.Context, env *environment) (*evidence.Account, error) {
	if !a.wanted {
		return nil, nil
	}
	var settings []func(*config.LoadOptions) error
	if env.sandbox != nil {
		settings = accountOf(env.sandbox)
	}
	account, err := evidence.Open(ctx, a.budget, settings...)
	if err != nil {
		return nil, err
	}
	account.Wait = a.wait
	return account, nil
}

// resolving resolves what cases need, and tells the account, if there is one, who signs them.
func resolving(account *evidence.Account, cases []probe.Case) func(context.Context, *probe.Plan, probe.Needs) probe.Material {
	return func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
		material := secrets.Resolve(ctx, *plan, needs)
		if account != nil {
			account.Signers(cases, material.Credentials)
		}
		return material
	}
}

// accountOf leads to the account of the embedded sandbox, whatever the environment of the process says.
func accountOf(e *sandbox.Environment) []func(*config.LoadOptions) error {
	set := make(map[string]string)
	for _, variable := range e.Account() {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = value
	}
	return []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(set["AWS_ENDPOINT_URL"]),
		config.WithRegion(set["AWS_REGION"]),
		config.WithCredentialsProvider(awscredentials.NewStaticCredentialsProvider(set["AWS_ACCESS_KEY_ID"], set["AWS_SECRET_ACCESS_KEY"], "")),
	}
}
