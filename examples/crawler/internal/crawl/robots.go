package crawl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
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
// allowed, and slows h down to the delay it asks for. As RFC 9309 says, an answer
// of 4xx allows everything and one of 5xx nothing. A host that does not answer
// allows everything: its pages will say what is wrong.
func (c *crawler) fetchRobots(ctx context.Context, h *host, scheme string) (*robotstxt.Group, error) {
	client := &http.Client{Transport: c.transport} // follows redirects, up to ten
	var data *robotstxt.RobotsData
	_ = retry.Do(ctx, c.policy, func(ctx context.Context) error {
		if err := c.turn(ctx, h); err != nil {
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
		switch code := response.StatusCode; {
		case code >= 500:
			text = []byte(nothing)
		case code >= 300:
			return retry.Permanent(errors.New(response.Status))
		}
		if data, err = robotstxt.FromBytes(usable(text)); err != nil {
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
		if rate := 1 / group.CrawlDelay.Seconds(); h.rate == 0 || rate < h.rate {
			h.rate = rate
			bucket := tokenbucket.New(rate, 1)
			bucket.TryTake(1) // for robots.txt itself
			h.bucket.Store(bucket)
		}
	}
	return group, nil
}

// nothing is a robots.txt that allows nothing.
const nothing = "User-agent: *\nDisallow: /\n"

// usable returns the lines of a robots.txt that mean something here. RFC 9309
// says to pass over the others; robotstxt refuses a whole file for one.
func usable(text []byte) []byte {
	var kept []byte
	agent := false
	text = bytes.ToValidUTF8(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\ufffd"))
	for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))) {
		line, _, _ = bytes.Cut(bytes.TrimSpace(line), []byte("#"))
		key, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "user-agent", "useragent":
			agent = agent || value != ""
		case "allow", "disallow":
			if !agent {
				continue
			}
		case "crawl-delay", "crawldelay":
			delay, err := strconv.ParseFloat(value, 64)
			if !agent || err != nil || !(delay >= 0) { // NaN too
				continue
			}
			line = fmt.Appendf(nil, "Crawl-delay: %g", min(delay, maxDelay.Seconds()))
		default:
			continue
		}
		kept = append(append(kept, line...), '\n')
	}
	return kept
}
