package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"apigwprobe/internal/config"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
)

// resolveAll tries whatever the environments take from elsewhere, and says what it found without showing a value. Its
// error joins all that could not be resolved.
func resolveAll(ctx context.Context, s Streams, file *config.File, environments []string) error {
	var failures []error
	for _, name := range environments {
		plan, err := file.Plan(name) // with the keys of client certificates
		if err != nil {
			failures = append(failures, err)
			continue
		}
		lines, errs := resolvePlan(ctx, plan)
		for _, line := range lines {
			if _, err := fmt.Fprintf(s.Out, "%s: %s\n", name, line); err != nil {
				return err
			}
		}
		for _, err := range errs {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("resolving: %w", err)
		}
	}
	return errors.Join(failures...)
}

func resolvePlan(ctx context.Context, plan probe.Plan) (lines []string, failures []error) {
	references := plan.References()
	material := secrets.Resolve(ctx, plan, probe.Needs{References: references})
	said := make(map[*probe.Reference]bool)
	for _, ref := range references {
		if said[ref] {
			continue
		}
		said[ref] = true
		if err := material.Secrets[ref].Err; err != nil {
			failures = append(failures, err)
			continue
		}
		line := fmt.Sprintf("%s (%s): resolves", ref, ref.Origin)
		if expires := probe.TokenExpiry(material.Secrets[ref].Reveal()); !expires.IsZero() {
			word := "expires"
			if expires.Before(time.Now()) {
				word = "has expired"
			}
			line += ", " + word + " " + expires.Format(time.RFC3339)
		}
		lines = append(lines, line)
	}
	signs := signers(plan)
	for _, name := range slices.Sorted(maps.Keys(plan.Principals)) {
		line, err := resolvePrincipal(ctx, plan, name, signs[name])
		if err != nil {
			failures = append(failures, err)
			continue
		}
		lines = append(lines, fmt.Sprintf("principal %q: %s", name, line))
	}
	return lines, failures
}

// resolvePrincipal says who a principal is. One that only stands for an expired session is not asked: AWS has to refuse
// it.
func resolvePrincipal(ctx context.Context, plan probe.Plan, name string, signs bool) (string, error) {
	if !signs {
		resolved := secrets.Resolve(ctx, plan, probe.Needs{Principals: []string{name}}).Credentials[name]
		return "resolves; not asked who it is, for its session should have expired", resolved.Err
	}
	id, err := secrets.WhoAmI(ctx, plan, name)
	if err != nil {
		return "", err
	}
	expires := "never expires"
	if !id.Expires.IsZero() {
		expires = "expires " + id.Expires.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("account %s, %s, %s", id.Account, id.ARN, expires), nil
}

// signers are the principals that some route needs alive.
func signers(plan probe.Plan) map[string]bool {
	alive := make(map[string]bool)
	for _, api := range plan.APIs {
		for _, r := range api.Routes {
			alive[r.Principal], alive[r.Outsider] = true, true
		}
	}
	return alive
}
