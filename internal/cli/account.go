package cli

import (
	"context"
	"fmt"
	"strings"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"

	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"
)

// accountFlags are whether and how a run looks at the account behind the APIs.
type accountFlags struct {
	wanted bool
	budget int
}

const budgetFlag = "evidence-budget"

func (a *accountFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&a.wanted, "with-account", a.wanted, "compare with the account, too: with what is deployed and with what is being edited")
	flags.IntVar(&a.budget, budgetFlag, evidence.DefaultBudget, "calls to AWS's APIs of the run at most, with --with-account")
}

func (a *accountFlags) check(cmd *cobra.Command) error {
	switch {
	case a.budget < 1:
		return hinted{fmt.Errorf("--%s: got %d, want 1 or more", budgetFlag, a.budget), seeHelp(cmd)}
	case cmd.Flags().Changed(budgetFlag) && !a.wanted:
		return hinted{fmt.Errorf("--%s: got no --with-account, want it, too", budgetFlag), seeHelp(cmd)}
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
	return evidence.Open(ctx, a.budget, settings...)
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
