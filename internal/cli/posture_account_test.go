package cli_test

import (
	"slices"
	"testing"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
)

// onlooker may look at everything of the account, and call nothing.
var onlooker = sandbox.Principal{
	AccessKeyID: "AKIAPOSTUREONLOOKER1", SecretKey: "secret-of-the-onlooker", ARN: "arn:aws:iam::" + account + ":user/onlooker",
	Policy: sandbox.Policy{{Effect: sandbox.Allow, Action: []string{"apigateway:*", "wafv2:*", "iam:*"}}},
}

// checkAccount runs a posture with its account looked at, and reports what is wrong.
func (p posture) checkAccount(t *testing.T, count *tally) {
	t.Helper()
	p.setup = both(p.setup, func(m *sandbox.Model) { m.Principals = append(m.Principals, onlooker) })
	w := p.serve(t)
	server, err := w.gateways[0].ListenControl()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget, config.WithRegion(region), config.WithBaseEndpoint(server.URL),
		config.WithCredentialsProvider(awscredentials.NewStaticCredentialsProvider(onlooker.AccessKeyID, onlooker.SecretKey, "")))
	if err != nil {
		t.Fatal(err)
	}
	a.Signers(w.matrix.Cases, resolve(t.Context(), nil, probe.Needs{}).Credentials)
	o := outcome{switches: w.switches, gateways: w.gateways, world: p.world} // that the deployment changes is seen
	for e := range w.matrix.Run(t.Context(), probe.RunOptions{Resolve: resolve, Testify: a.Testify}) {
		if e, ok := e.(probe.RunFinished); ok {
			o.report = e.Report
		}
	}
	for _, problem := range o.problems(count) {
		t.Error(problem)
	}
}

// What the account shows of the way that a request took is never wrong, whatever is deployed and declared; and that a
// deployment changes, or has a canary that nobody declared, misleads no more.
func TestPostureAccount(t *testing.T) {
	cli.Long(t)
	t.Parallel()
	all := slices.Concat(setups, tokenSetups, healthyPostures)
	for _, faults := range [][]fault{faults, tokenFaults, requests, rewritten, private} {
		for _, f := range faults {
			all = append(all, f.posture)
		}
	}
	count := newTally(t)
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.checkAccount(t, count)
		})
	}
}

// Random gateways whose account is looked at. The totals of the same seeds without it are those of
// [TestPostureAccuracyREST].
func TestPostureAccuracyAccount(t *testing.T) {
	cli.Long(t)
	t.Parallel()
	count := newTally(t)
	for seed := uint64(1); seed <= *seeds; seed++ {
		p := random(t, seed)
		t.Run("", func(t *testing.T) {
			t.Parallel()
			p.checkAccount(t, count)
		})
	}
}
