package evidence

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// usagePlans looks whether any key can pass where routes want one. Which key the configuration means cannot be known:
// values are never asked for.
func (l *look) usagePlans() {
	if !l.keyed() {
		return
	}
	held, got := l.heldBy()
	if got != seen {
		return
	}
	keys, keysSeen := l.apiKeys()
	for _, p := range held {
		l.planKeys(p, keys)
	}
	if len(held) == 0 {
		text := fmt.Sprintf("routes are declared to want an API key, and no usage plan holds stage %q: no key can pass there", l.api.Stage)
		if keysSeen && len(keys) > 0 {
			text += fmt.Sprintf("; the account has %d", len(keys))
		}
		l.find("usage-plan", "%s", text)
	}
}

// keyed reports whether any route is declared to want an API key: otherwise nobody asks for keys and plans.
func (l *look) keyed() bool {
	return slices.ContainsFunc(l.api.Routes, func(r probe.Route) bool { return r.APIKeyRequired })
}

// heldBy are the usage plans that hold the stage.
func (l *look) heldBy() ([]types.UsagePlan, sight) {
	c := l.rests()
	plans, got := ask(l, getUsagePlans, func(ctx context.Context) ([]types.UsagePlan, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.UsagePlan, *string, error) {
			p, err := c.GetUsagePlans(ctx, &apigateway.GetUsagePlansInput{Position: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.Position, nil
		})
	})
	return slices.DeleteFunc(slices.Clone(plans), func(p types.UsagePlan) bool {
		return !slices.ContainsFunc(p.ApiStages, func(s types.ApiStage) bool {
			return aws.ToString(s.ApiId) == l.api.ID && aws.ToString(s.Stage) == l.api.Stage
		})
	}), got
}

// apiKeys are all keys by their ids, without values.
func (l *look) apiKeys() (map[string]types.ApiKey, bool) {
	c := l.rests()
	all, got := ask(l, getAPIKeys, func(ctx context.Context) ([]types.ApiKey, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.ApiKey, *string, error) {
			p, err := c.GetApiKeys(ctx, &apigateway.GetApiKeysInput{Position: token})
			if err != nil {
				return nil, nil, err
			}
			return p.Items, p.Position, nil
		})
	})
	out := make(map[string]types.ApiKey)
	for _, k := range all {
		out[aws.ToString(k.Id)] = k
	}
	return out, got == seen
}

// planKeys looks whether a plan that holds the stage has keys, and enabled ones.
func (l *look) planKeys(p types.UsagePlan, all map[string]types.ApiKey) {
	keys, got := l.keysOf(p)
	if got != seen {
		return
	}
	var off []string
	for _, k := range keys {
		if known, ok := all[aws.ToString(k.Id)]; ok && !known.Enabled {
			off = append(off, fmt.Sprintf("%q (%s)", aws.ToString(k.Name), aws.ToString(k.Id)))
		}
	}
	plan := fmt.Sprintf("usage plan %q (%s)", aws.ToString(p.Name), aws.ToString(p.Id))
	if len(keys) == 0 {
		l.find("usage-plan", "%s holds stage %q, but no API key", plan, l.api.Stage)
	}
	if len(off) > 0 {
		l.find("key-disabled", "%s of stage %q has API keys that are disabled: %s", plan, l.api.Stage, strings.Join(off, ", "))
	}
}

// keysOf are the keys of a usage plan.
func (l *look) keysOf(p types.UsagePlan) ([]types.UsagePlanKey, sight) {
	c := l.rests()
	return ask(l, getUsagePlanKeys, func(ctx context.Context) ([]types.UsagePlanKey, error) {
		return pages(ctx, func(ctx context.Context, token *string) ([]types.UsagePlanKey, *string, error) {
			page, err := c.GetUsagePlanKeys(ctx, &apigateway.GetUsagePlanKeysInput{UsagePlanId: p.Id, Position: token})
			if err != nil {
				return nil, nil, err
			}
			return page.Items, page.Position, nil
		})
	}, "plan", aws.ToString(p.Id))
}
