package crawl

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/temoto/robotstxt"

	"github.com/interleave-go/interleave/retry"
	"github.com/interleave-go/interleave/tokenbucket"
)

const (
	// maxRobots is how much of a robots.txt is read: RFC 9309 asks for at
	// least 500 KiB.
	maxRobots = 512 << 10
	// maxDelay bounds the delay that a robots.txt can ask for.
	maxDelay = time.Minute
)

// fetchRobots returns the rules for us of h's robots.txt, nil if everything is
// allowed, and slows h down to the delay it asks for. As RFC 9309
// says, an answer of 4xx allows everything and one of 5xx nothing. A host that
// does not answer allows everything: its pages will say what is wrong.
func (c *crawler) fetchRobots(ctx context.Context, h *host, scheme string) (*robotstxt.Group, error) {
	client := &http.Client{Transport: c.transport} // follows redirects, up to ten
	var data *robotstxt.RobotsData
	_ = retry.Do(ctx, c.policy, func(ctx context.Context) error {
		if err := h.take(ctx); err != nil {
			return err
		}
		if err := c.permits.Acquire(ctx, 1); err != nil {
			return err
		}
		defer c.permits.Release(1)
		ctx, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		request, err := c.request(ctx, http.MethodGet, scheme+"://"+h.name+"/robots.txt")
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if code := response.StatusCode; code >= 400 && code < 500 {
			data = nil
			return retry.Permanent(statusError(response))
		}
		text, err := io.ReadAll(io.LimitReader(response.Body, maxRobots))
		if err != nil {
			return err
		}
		if data, err = robotstxt.FromStatusAndBytes(response.StatusCode, text); err != nil {
			return retry.Permanent(err)
		}
		return statusError(response)
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if data == nil { // there is none, or it cannot be had or read
		return nil, nil
	}
	group := data.FindGroup(c.UserAgent)
	if group.CrawlDelay > 0 {
		if rate := 1 / min(group.CrawlDelay, maxDelay).Seconds(); c.Rate == 0 || rate < c.Rate {
			h.bucket = tokenbucket.New(rate, 1)
		}
	}
	return group, nil
}
