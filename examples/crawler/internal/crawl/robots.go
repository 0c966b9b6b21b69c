package crawl

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/temoto/robotstxt"

	"github.com/interleave-go/interleave/retry"
	"github.com/interleave-go/interleave/tokenbucket"
)

// maxRobots is how much of a robots.txt is read: RFC 9309 asks for at least
// 500 KiB.
const maxRobots = 512 << 10

// fetchRobots returns the rules for us of the robots.txt that governs u, nil if
// everything is allowed, and slows h down to the delay it asks for. As RFC 9309
// says, an answer of 4xx allows everything and one of 5xx nothing. A host that
// does not answer allows everything: its pages will say what is wrong.
func (c *crawler) fetchRobots(ctx context.Context, h *host, u *url.URL) (*robotstxt.Group, error) {
	location := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}).String()
	client := &http.Client{Transport: c.transport} // follows redirects, up to ten
	var data *robotstxt.RobotsData
	_ = retry.Do(ctx, c.policy, func(ctx context.Context) error {
		if err := h.take(ctx); err != nil {
			return err
		}
		request, err := c.request(ctx, http.MethodGet, location)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
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
	if data == nil { // unreachable or unreadable
		return nil, nil
	}
	group := data.FindGroup(c.UserAgent)
	if delay := group.CrawlDelay; delay > 0 {
		if rate := 1 / delay.Seconds(); c.Rate == 0 || rate < c.Rate {
			h.bucket = tokenbucket.New(rate, 1)
		}
	}
	return group, nil
}
