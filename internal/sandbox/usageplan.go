package sandbox

import (
	"sync"
	"time"
)

// checkUsagePlan counts the request against the limits of its key's plan:
// throttle first, then quota. What is refused does not use up the quota.
func checkUsagePlan(x *exchange) *refusal {
	if x.plan == nil {
		return nil
	}
	of := limits{rate: x.plan.Rate, burst: x.plan.Burst, quota: x.plan.Quota, used: x.plan.Used}
	switch x.usage.take(usageID{x.plan, x.key}, of, x.now) {
	case "throttled":
		return &refusal{cause: "throttled", kind: throttled, message: "Too Many Requests"}
	case "quota-exceeded":
		return &refusal{cause: "quota-exceeded", kind: quotaExceeded, message: "Limit Exceeded"}
	}
	return nil
}

// limits are a plan's or a stage's; zero ones do not limit.
type limits struct {
	rate               float64
	burst, quota, used int
}

type usage struct {
	tokens float64
	at     time.Time
	used   int
}

type usageID struct {
	plan *UsagePlan
	key  *APIKey
}

type usageCounters struct {
	mu sync.Mutex
	of map[any]*usage // a usageID or a *Throttle
}

// take is a token bucket and a counter. It returns the cause of a refusal.
func (c *usageCounters) take(id any, of limits, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[any]*usage{}
	}
	u := c.of[id]
	if u == nil {
		u = &usage{tokens: float64(of.burst), at: now}
		c.of[id] = u
	}
	if of.burst > 0 {
		u.tokens = min(float64(of.burst), u.tokens+of.rate*now.Sub(u.at).Seconds())
		u.at = now
		if u.tokens < 1 {
			return "throttled"
		}
		u.tokens--
	}
	if of.quota > 0 && of.used+u.used >= of.quota {
		return "quota-exceeded"
	}
	u.used++
	return ""
}
