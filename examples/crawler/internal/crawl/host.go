package crawl

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/temoto/robotstxt"

	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/semaphore"
	"github.com/interleave-go/interleave/taskgroup"
	"github.com/interleave-go/interleave/tokenbucket"
)

// host is one host and what bounds the requests to it.
//
// Invariants:
//   - At most one task is in run, and only while running is true. Once MaxPages
//     are begun, running stays true: there is nothing more to start.
//   - If the store has jobs that run has not seen, more is true or run is going
//     to look again.
type host struct {
	name    string
	permits *semaphore.Weighted

	// Guarded by crawler.mu.
	running bool
	more    bool

	// Of the task in run.
	last   int64 // ID of the last job begun
	robots map[string]*robotstxt.Group
	rate   float64 // of bucket; 0: no limit

	// Written by run, also while fetches are under way, since each scheme has a
	// robots.txt that can ask for a delay. Nil means no limit.
	bucket atomic.Pointer[tokenbucket.Bucket]
}

// jobsAtOnce is how many jobs a host takes from the store at a time.
const jobsAtOnce = 128

// wake makes sure that the task of a host looks for jobs.
func (c *crawler) wake(g *taskgroup.Group, name string) {
	c.mu.Lock()
	h := c.hosts[name]
	if h == nil {
		h = &host{
			name:    name,
			permits: semaphore.NewWeighted(int64(c.PerHost)),
			robots:  map[string]*robotstxt.Group{},
			rate:    c.Rate,
		}
		if h.rate > 0 {
			h.bucket.Store(tokenbucket.New(h.rate, 1))
		}
		c.hosts[name] = h
	}
	start := !h.running
	h.running, h.more = true, true
	c.mu.Unlock()
	if start {
		g.Go(func(ctx context.Context) error { return c.run(ctx, g, h) })
	}
}

// run begins the jobs of h until there are no more. It does not wait for them.
func (c *crawler) run(ctx context.Context, g *taskgroup.Group, h *host) error {
	jobs := make([]store.Job, 0, jobsAtOnce)
	for c.lookAgain(h, len(jobs) == jobsAtOnce) {
		var err error
		jobs, err = c.store.Next(ctx, h.name, h.last, jobsAtOnce, jobs[:0])
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !c.begin() {
				return nil // for good: running stays true
			}
			if err := c.start(ctx, g, h, j); err != nil {
				return err
			}
			h.last = j.ID
		}
	}
	return nil
}

// lookAgain reports whether the store may have further jobs for h. If not, the
// task in run has to end.
func (c *crawler) lookAgain(h *host, gotAll bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.running = h.more || gotAll
	h.more = false
	return h.running
}

// start fetches j in a task of its own, once h allows another.
func (c *crawler) start(ctx context.Context, g *taskgroup.Group, h *host, j store.Job) error {
	if err := h.permits.Acquire(ctx, 1); err != nil {
		return err
	}
	allowed, err := c.allowed(ctx, h, j)
	if err != nil || !allowed {
		h.permits.Release(1)
		if err != nil {
			return err
		}
		return c.results.Put(ctx, &job{
			Job: j, Time: time.Now(), Kind: store.Robots, Error: "disallowed by robots.txt",
		})
	}
	g.Go(func(ctx context.Context) error {
		defer h.permits.Release(1)
		return c.fetch(ctx, h, j)
	})
	return nil
}

// turn waits until the rate of h and the bound over all hosts allow a request.
// The permit comes last, so that none is held while h is at its limit.
func (c *crawler) turn(ctx context.Context, h *host) error {
	if bucket := h.bucket.Load(); bucket != nil {
		if err := bucket.Take(ctx, 1); err != nil {
			return err
		}
	}
	return c.permits.Acquire(ctx, 1)
}

// allowed reports whether robots.txt lets us ask for j. The first job of a
// scheme fetches it.
func (c *crawler) allowed(ctx context.Context, h *host, j store.Job) (bool, error) {
	if !c.Robots {
		return true, nil
	}
	scheme, _, _ := strings.Cut(j.URL, ":")
	rules, ok := h.robots[scheme]
	if !ok {
		var err error
		if rules, err = c.fetchRobots(ctx, h, scheme); err != nil {
			return false, err
		}
		h.robots[scheme] = rules
	}
	if rules == nil {
		return true, nil
	}
	path := strings.TrimPrefix(j.URL, scheme+"://"+h.name)
	return rules.Test(path), nil
}
