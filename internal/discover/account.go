package discover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"apigwprobe/internal/secrets"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Options say where to look.
type Options struct {
	Regions     []string // none: that of the AWS settings
	AccountWide bool     // all regions that the account has enabled
	APIs        []string // ids or names; none: all

	// Progress is told how many steps are done of those that are known so far, and what comes next; nil: nobody.
	Progress func(done, total int, next string)
}

// Account finds what is in the account that the standard AWS settings lead to. What it may not see is among the
// problems; the error is for when there is nothing to go on with.
func Account(ctx context.Context, o Options) (*Inventory, error) {
	cfg, err := secrets.OpenAccount(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" && len(o.Regions) > 0 {
		cfg.Region = o.Regions[0]
	}
	if cfg.Region == "" {
		return nil, errors.New("reading the AWS settings: got no region, want --region or AWS_REGION")
	}
	s := &search{options: o, inventory: &Inventory{}}
	if s.options.Progress == nil {
		s.options.Progress = func(int, int, string) {}
	}
	s.step("the caller")
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("asking AWS who the caller is: %w", brief(err))
	}
	regions := o.Regions
	if len(regions) == 0 {
		regions = []string{cfg.Region}
	}
	if o.AccountWide {
		regions = s.enabledRegions(ctx, cfg, regions)
	}
	for _, region := range regions {
		r := s.in(cfg, region, aws.ToString(who.Account))
		if err := r.find(ctx); err != nil {
			return nil, err
		}
	}
	s.inventory.Source = fmt.Sprintf("account %s, %s", aws.ToString(who.Account), strings.Join(regions, ", "))
	if err := s.missing(); err != nil {
		return nil, err
	}
	return s.inventory, nil
}

// search goes through an account.
type search struct {
	options     Options
	inventory   *Inventory
	done, total int
	found       []string // ids and names of all APIs that there are
}

func (s *search) step(next string) {
	s.options.Progress(s.done, max(s.total, s.done+1), next)
	s.done++
}

// wanted reports whether an API was asked for.
func (s *search) wanted(id, name string) bool {
	s.found = append(s.found, id, name)
	return len(s.options.APIs) == 0 || slices.Contains(s.options.APIs, id) || slices.Contains(s.options.APIs, name)
}

// missing finds APIs that were asked for and are not there.
func (s *search) missing() error {
	for _, name := range s.options.APIs {
		if !slices.Contains(s.found, name) {
			return fmt.Errorf("finding APIs: got no API with the id or name %q%s", name, s.hiddenBy())
		}
	}
	if len(s.found) == 0 && len(s.inventory.Problems) == 0 {
		return errors.New("finding APIs: got none; --region looks elsewhere")
	}
	return nil
}

// hiddenBy is why something may be there that was not found.
func (s *search) hiddenBy() string {
	if len(s.inventory.Problems) == 0 {
		return ""
	}
	return "; " + s.inventory.Problems[0].String()
}

// enabledRegions are all regions of the account, or those that are known if that cannot be asked.
func (s *search) enabledRegions(ctx context.Context, cfg aws.Config, known []string) []string {
	s.step("the regions")
	out, err := ec2.NewFromConfig(cfg).DescribeRegions(ctx, nil)
	if err != nil {
		s.unread(err, cfg.Region, describeRegions)
		return known
	}
	var names []string
	for _, r := range out.Regions {
		names = append(names, aws.ToString(r.RegionName))
	}
	slices.Sort(names)
	return names
}

// unread notes what could not be asked, each right once. Names are those of the right.
func (s *search) unread(err error, region string, right probe.Right, names ...string) {
	p := Problem{What: right.Without(region, names...), Err: brief(err)}
	if denied(err) {
		p.Action, p.ARN = right.Action, right.On(region, names...)
	}
	if !slices.ContainsFunc(s.inventory.Problems, func(q Problem) bool { return p.Action != "" && q.Action == p.Action && q.ARN == p.ARN }) {
		s.inventory.Problems = append(s.inventory.Problems, p)
	}
}

func denied(err error) bool {
	return slices.Contains([]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}, code(err))
}

// absent reports whether the service says that there is no such thing.
func absent(err error) bool {
	return slices.Contains([]string{"NotFoundException", "WAFNonexistentItemException"}, code(err))
}

func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.ErrorCode()
}

// brief is what a service says, without what the SDK writes around it.
func brief(err error) error {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	switch {
	case errors.As(err, &api):
		return fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	case errors.As(err, &answer):
		return fmt.Errorf("got an answer with status %d that cannot be read", answer.HTTPStatusCode())
	}
	return err
}

// region is one region of the account.
type region struct {
	*search
	name, account string
	rest          *apigateway.Client
	v2            *apigatewayv2.Client
	waf           *wafv2.Client
	ec2           *ec2.Client
	domains       []mappedDomain
	plans         []plan
	plansKnown    bool
	apis          map[string]string // names of all APIs by id
}

func (s *search) in(cfg aws.Config, name, account string) *region {
	cfg = cfg.Copy()
	cfg.Region = name
	return &region{
		search: s, name: name, account: account, rest: apigateway.NewFromConfig(cfg), v2: apigatewayv2.NewFromConfig(cfg),
		waf: wafv2.NewFromConfig(cfg), ec2: ec2.NewFromConfig(cfg), apis: make(map[string]string),
	}
}

// unread notes what could not be asked of the region.
func (r *region) unread(err error, right probe.Right, names ...string) {
	r.search.unread(err, r.name, right, append(names, "account", r.account)...)
}

// find finds all APIs of the region.
func (r *region) find(ctx context.Context) error {
	r.step("the APIs of " + r.name)
	rest, v2 := r.restAPIs(ctx), r.v2APIs(ctx)
	var heads []API
	for _, a := range rest {
		heads = append(heads, API{Name: aws.ToString(a.Name), ID: aws.ToString(a.Id), Region: r.name, Type: probe.REST})
	}
	for _, a := range v2 {
		heads = append(heads, API{Name: aws.ToString(a.Name), ID: aws.ToString(a.ApiId), Region: r.name, Type: probe.APIType(a.ProtocolType)})
	}
	var wanted []API
	for _, a := range heads {
		r.apis[a.ID] = a.Name
		if r.wanted(a.ID, a.Name) {
			wanted = append(wanted, a)
		}
	}
	if err := twins(wanted); err != nil {
		return err
	}
	if len(wanted) == 0 {
		return nil
	}
	r.total += len(wanted) + 2
	r.findDomains(ctx)
	r.findPlans(ctx)
	for _, a := range rest {
		if contains(wanted, aws.ToString(a.Id)) {
			r.findREST(ctx, a)
		}
	}
	for _, a := range v2 {
		if contains(wanted, aws.ToString(a.ApiId)) {
			r.findV2(ctx, a)
		}
	}
	r.unmapped(len(r.options.APIs) == 0)
	return ctx.Err()
}

func contains(all []API, id string) bool {
	return slices.ContainsFunc(all, func(a API) bool { return a.ID == id })
}
