package sandbox

import "sync"

// counter counts by a part of the model, for what happens to every n-th request
// or after the n-th.
type counter struct {
	mu sync.Mutex
	n  map[any]int
}

func (c *counter) count(of any) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[any]int{}
	}
	c.n[of]++
	return c.n[of]
}
