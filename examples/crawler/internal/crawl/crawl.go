// Package crawl fetches the pages of web sites, follows their links and records
// what it finds in a store.
//
// The crawl is a pipeline under one task group:
//
//	hosts ──▶ fetches ──▶ bodies ──▶ parsers ──▶ results ──▶ writer ──▶ store
//	  ▲                  (buffer)               (buffer)                  │
//	  └──────────────────── next URLs of a host ──────────────────────────┘
//
// Each host has a task that takes the host's next URLs from the store and starts
// a fetch when the host's semaphore allows it. The fetch makes its requests when
// the host's token bucket and the semaphore over all hosts do. So a slow host
// holds up no other. The buffers are bounded, and a fetch keeps the permit of its
// host until its body is taken: if the writer is slow, everything before it slows
// down.
//
// The way back is not a buffer. The writer puts new URLs into the store and
// tells the hosts that there is something; it never waits for them. With a
// bounded buffer on a cycle, all could wait for all as soon as every page has
// more links than there is room for.
package crawl

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interleave-go/interleave/boundedbuf"
	"github.com/interleave-go/interleave/examples/crawler/internal/page"
	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/retry"
	"github.com/interleave-go/interleave/semaphore"
	"github.com/interleave-go/interleave/taskgroup"
)

// Config is how to crawl. Every field must be set, but for those whose comment
// says what zero means.
type Config struct {
	Concurrency int           // requests at once
	PerHost     int           // requests at once to one host
	Rate        float64       // requests a second to one host; 0: no limit
	Retries     int           // further attempts after a failure that can pass
	Timeout     time.Duration // of one attempt, body included
	MaxPages    int           // rows to write in this run; 0: no limit
	MaxBody     int64         // bytes, after decompression
	Robots      bool          // obey robots.txt
	UserAgent   string

	// Progress is called after each write, by one goroutine; nil: not at all.
	Progress func(Progress)
}

// Progress is how far a crawl is.
type Progress struct {
	Pages   int64 // done, those of earlier runs included
	Pending int64 // known and not done
	Failed  int64 // of this run, with an error
	Bytes   int64 // of this run
}

// job is a URL on its way through the pipeline, and what becomes of it.
type job = store.Page

// body is the answer to a job that is to be parsed. Its bytes come from a pool.
type body struct {
	page *job
	data *[]byte
}

// crawler is one run.
type crawler struct {
	Config
	store *store.Store
	// Used directly, not through an http.Client: every redirect is a page of
	// its own.
	transport *http.Transport
	policy    retry.Policy
	permits   *semaphore.Weighted // requests at once
	bodies    *boundedbuf.Buffer[body]
	results   *boundedbuf.Buffer[*job]
	started   atomic.Int64 // jobs begun, of MaxPages
	buffers   sync.Pool    // *[]byte

	mu    sync.Mutex // guards hosts, and their fields running and more
	hosts map[string]*host
}

// Run crawls what is pending in s until nothing is left, MaxPages are written,
// or ctx ends. It returns nil, an error of the store, or ctx.Err(); whatever it
// returns, what was recorded is whole, and a later Run goes on from there.
func Run(ctx context.Context, s *store.Store, config Config) error {
	c := &crawler{
		Config:    config,
		store:     s,
		transport: transport(config),
		policy: retry.Policy{
			// No AttemptTimeout: to wait for a token is not the server's fault.
			MaxAttempts: config.Retries + 1,
			BaseDelay:   200 * time.Millisecond,
			Retryable:   retryable,
		},
		permits: semaphore.NewWeighted(int64(config.Concurrency)),
		bodies:  boundedbuf.New[body](config.Concurrency),
		results: boundedbuf.New[*job](2 * batchSize),
		buffers: sync.Pool{New: func() any { return new([]byte) }},
		hosts:   map[string]*host{},
	}
	defer c.transport.CloseIdleConnections()

	hosts, err := s.Hosts(ctx)
	if err != nil {
		return err
	}
	return taskgroup.Run(ctx, func(ctx context.Context, g *taskgroup.Group) error {
		for range runtime.GOMAXPROCS(0) {
			g.Go(c.parse)
		}
		for _, name := range hosts {
			c.wake(g, name)
		}
		return c.write(ctx, g)
	})
}

// parse is a task that reads the links of pages, until there are no more.
func (c *crawler) parse(ctx context.Context) error {
	parser := page.NewParser()
	for b := range c.bodies.All(ctx) {
		parsed := parser.Parse(b.page.Job.URL, b.page.ContentType, *b.data)
		c.buffers.Put(b.data)
		b.page.Title = parsed.Title
		if !parsed.NoFollow || !c.Robots {
			b.page.Links = make([]store.Link, len(parsed.Links))
			for i, l := range parsed.Links {
				b.page.Links[i] = store.Link{To: l.URL, Text: l.Text, Invalid: l.Err != nil}
			}
		}
		if err := c.results.Put(ctx, b.page); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// write is the one task that writes to the store. It ends the crawl: nobody
// else knows when nothing is pending.
func (c *crawler) write(ctx context.Context, g *taskgroup.Group) error {
	defer c.bodies.Close() // the parsers may go; there is nothing on its way to them
	var (
		batch    = make([]*job, 0, batchSize)
		progress Progress
		written  int64
	)
	for !c.finished(written) {
		var err error
		if batch, err = c.collect(ctx, batch[:0], written); err == nil {
			// Not with ctx: once collected, a batch is written, since to stop
			// is not to throw away.
			err = ctx.Err()
		}
		hosts, writeErr := c.store.Write(context.WithoutCancel(ctx), batch)
		if err := errors.Join(writeErr, err); err != nil {
			return err
		}
		written += int64(len(batch))
		for _, name := range hosts {
			c.wake(g, name)
		}
		if c.Progress != nil {
			for _, p := range batch {
				progress.Bytes += p.Size
				if p.Kind != "" {
					progress.Failed++
				}
			}
			progress.Pages, progress.Pending = c.store.Pages(), c.store.Pending()
			c.Progress(progress)
		}
		clear(batch)
	}
	return nil
}

const (
	batchSize = 128
	// patience is how long a result waits for others to be written with it.
	patience = 50 * time.Millisecond
)

// collect appends to batch the next results to write. It waits for a full batch
// only for as long as there is plenty to fetch without what the batch will
// bring. If ctx ends it returns its error, and what has come this far.
func (c *crawler) collect(ctx context.Context, batch []*job, written int64) ([]*job, error) {
	n, err := c.results.GetBatch(ctx, batch[:cap(batch)])
	batch = batch[:n]
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for err == nil && len(batch) < cap(batch) {
		unwritten := int64(len(batch))
		if plenty := c.store.Pending()-unwritten > int64(4*c.Concurrency); plenty && !c.finished(written+unwritten) {
			n, err = c.results.GetBatch(patient, batch[len(batch):cap(batch)])
			batch = batch[:len(batch)+n]
			continue
		}
		p, ok := c.results.TryGet()
		if !ok {
			return batch, nil
		}
		batch = append(batch, p)
	}
	if ctx.Err() == nil {
		return batch, nil // full, or out of patience
	}
	for len(batch) < cap(batch) {
		p, ok := c.results.TryGet()
		if !ok {
			break
		}
		batch = append(batch, p)
	}
	return batch, ctx.Err()
}

func (c *crawler) finished(written int64) bool {
	return c.store.Pending() == 0 || c.MaxPages > 0 && written >= int64(c.MaxPages)
}

// begin reports whether another job may be begun.
func (c *crawler) begin() bool {
	return c.started.Add(1) <= int64(c.MaxPages) || c.MaxPages == 0
}
