// Package secrets resolves the references and principals of a plan into the material of one run: environment
// variables, files, commands, and AWS credentials.
//
// It never shows what it finds. Errors name the source and say what is wrong with it; what a source answered, be it
// the output of a command or the message of AWS, is left out or redacted.
package secrets

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"apigwprobe/probe"

	"golang.org/x/sync/errgroup"
)

// How long one reference and one principal may take. The second also ends the wait for instance metadata where there
// is none.
const (
	referenceLimit = 30 * time.Second
	principalLimit = 20 * time.Second
)

// concurrency bounds how many references, or principals, are resolved at a time.
const concurrency = 4

// Resolve resolves what a single run needs, like [Resolver.Resolve].
func Resolve(ctx context.Context, plan probe.Plan, needs probe.Needs) probe.Material {
	return new(Resolver).Resolve(ctx, plan, needs)
}

// Resolve resolves what a run needs, and nothing else: where it needs nothing, no file, no process, no network and no
// credential chain is touched. A failure is kept beside its key and hinders nothing else. The references of a needed
// principal or of a token are resolved with the others and are part of the material.
func (r *Resolver) Resolve(ctx context.Context, plan probe.Plan, needs probe.Needs) probe.Material {
	var references, tokens, stored []*probe.Reference // the last two by client credentials, and in AWS's stores
	for _, ref := range sources(plan, needs) {
		switch {
		case ref.OAuth2 != nil:
			tokens = append(tokens, ref)
		case ref.Stored():
			stored = append(stored, ref)
		default:
			references = append(references, ref)
		}
	}
	secrets := each(references, func(ref *probe.Reference) probe.ResolvedSecret {
		ctx, cancel := within(ctx, referenceLimit)
		defer cancel()
		return resolveReference(ctx, ref)
	})
	maps.Copy(secrets, each(stored, func(ref *probe.Reference) probe.ResolvedSecret {
		ctx, cancel := within(ctx, referenceLimit)
		defer cancel()
		return resolved(ref, func() (string, error) { return readStored(ctx, plan, ref, secrets) })
	}))
	maps.Copy(secrets, each(tokens, func(ref *probe.Reference) probe.ResolvedSecret {
		ctx, cancel := within(ctx, referenceLimit)
		defer cancel()
		return resolved(ref, func() (string, error) { return r.token(ctx, plan, ref.OAuth2, secrets[ref.OAuth2.ClientSecret]) })
	}))
	return probe.Material{
		Secrets: secrets,
		Credentials: each(needs.Principals, func(name string) probe.ResolvedCredentials {
			ctx, cancel := within(ctx, principalLimit)
			defer cancel()
			return resolvePrincipal(ctx, plan, name, secrets)
		}),
	}
}

// sources are all references that needs come from: those of the principals, and those that others refer to, too.
func sources(plan probe.Plan, needs probe.Needs) []*probe.Reference {
	var out []*probe.Reference
	var add func(...*probe.Reference)
	add = func(refs ...*probe.Reference) {
		for _, ref := range refs {
			if ref == nil || slices.Contains(out, ref) {
				continue
			}
			out = append(out, ref)
			if ref.OAuth2 != nil {
				add(ref.OAuth2.ClientSecret)
			}
			if ref.As != nil {
				add(ref.As.SecretAccessKey, ref.As.SessionToken)
			}
		}
	}
	add(needs.References...)
	for _, name := range needs.Principals {
		p := plan.Principals[name]
		add(p.SecretAccessKey, p.SessionToken)
	}
	return out
}

// each calls resolve once for each distinct key and collects the answers. Zero keys stand for what a plan leaves open.
func each[K comparable, V any](keys []K, resolve func(K) V) map[K]V {
	var zero K
	pending := make(map[K]bool, len(keys))
	for _, key := range keys {
		if key != zero {
			pending[key] = true
		}
	}

	var (
		group errgroup.Group // without a context: one failure must not cancel the others
		mu    sync.Mutex
		out   = make(map[K]V, len(pending))
	)
	group.SetLimit(concurrency)
	for key := range pending {
		group.Go(func() error {
			value := resolve(key)
			mu.Lock()
			defer mu.Unlock()
			out[key] = value
			return nil
		})
	}
	_ = group.Wait() // the errors are among the answers
	return out
}

// within bounds ctx; its cause then says in words which limit was hit.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
}
