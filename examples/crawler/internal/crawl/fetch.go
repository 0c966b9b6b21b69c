package crawl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/interleave-go/interleave/examples/crawler/internal/page"
	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/retry"
)

func transport(config Config) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: config.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          config.Concurrency,
		MaxIdleConnsPerHost:   config.PerHost,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   config.Timeout,
		ExpectContinueTimeout: time.Second,
		// Most pages then come in one read.
		ReadBufferSize: 32 << 10,
		// An endless header is no better than an endless body.
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// request returns a request for a normalised URL, whose path and query are sent
// as they are: net/url refuses some that browsers send, and respells others.
func (c *crawler) request(ctx context.Context, method, normalised string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, normalised, nil)
	scheme, rest, _ := strings.Cut(normalised, "://")
	host := store.HostOf(normalised)
	if target := rest[len(host):]; err != nil || request.URL.RequestURI() != target {
		request, err = http.NewRequestWithContext(ctx, method, scheme+"://"+host+"/", nil)
		if err != nil {
			return nil, retry.Permanent(&fault{store.URL, "not a valid URL: " + oneLine(err)})
		}
		if strings.HasPrefix(target, "//") {
			target = "//" + host + target // or else it would be read as a host
		}
		request.URL.Opaque = target
	}
	request.Header.Set("User-Agent", c.UserAgent)
	return request, nil
}

// fetch asks for j, as often as it takes, and hands on what came of it. It
// returns an error only if ctx has ended: then j stays pending.
func (c *crawler) fetch(ctx context.Context, h *host, j store.Job) error {
	method := http.MethodGet
	if j.External {
		method = http.MethodHead
	}
	p := &job{Job: j}
	var data *[]byte // the body, if it is to be parsed
	err := retry.Do(ctx, c.policy, func(ctx context.Context) (err error) {
		attempts := p.Attempts + 1
		*p = job{Job: j, Attempts: attempts}
		data, err = c.ask(ctx, h, method, p)
		if err != nil && method == http.MethodHead {
			// Many servers answer HEAD wrongly, hardly any of them with success.
			method = http.MethodGet
			*p = job{Job: j, Attempts: attempts}
			data, err = c.ask(ctx, h, method, p)
		}
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.Time = time.Now()
	if err != nil {
		p.Kind, p.Error = explain(err, c.Timeout)
	}
	if err == nil && data != nil {
		return c.bodies.Put(ctx, body{p, data})
	}
	return c.results.Put(ctx, p)
}

// ask waits for its turn and makes one request for p. It returns the body if
// its links are to be read.
func (c *crawler) ask(ctx context.Context, h *host, method string, p *job) (*[]byte, error) {
	if err := c.turn(ctx, h); err != nil {
		return nil, err
	}
	// Not kept for a pause before the next attempt: others can use it.
	defer c.permits.Release(1)
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	start := time.Now()
	defer func() { p.Latency = time.Since(start) }()
	request, err := c.request(ctx, method, p.Job.URL)
	if err != nil {
		return nil, err
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := c.status(response, p); err != nil || p.Job.External {
		return nil, err
	}
	if p.Redirect != "" {
		// Nobody is shown what comes with it, so nothing can be wrong with
		// that. If it is short, the connection can be used again.
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
		return nil, nil
	}
	return c.read(response, p)
}

// status records the head of the answer. Its error says why the body is of no
// interest.
func (c *crawler) status(response *http.Response, p *job) error {
	p.Status = response.StatusCode
	p.ContentType = clip(response.Header.Get("Content-Type"), 200)
	p.Size = max(0, response.ContentLength)
	switch response.StatusCode {
	case http.StatusSwitchingProtocols:
		// Its body is the connection itself, which no context ends.
		return retry.Permanent(&fault{store.Connection, response.Status + " without having been asked to"})
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		location := response.Header.Get("Location")
		target, err := page.Resolve(p.Job.URL, location)
		switch {
		case location == "":
			return retry.Permanent(&fault{store.Redirect, response.Status + " without a Location"})
		case err != nil:
			return retry.Permanent(&fault{store.Redirect, "redirects to " + clip(strconv.Quote(location), 200) + ": " + oneLine(err)})
		}
		p.Redirect = target
	}
	return statusError(response)
}

// statusError returns why an answer is none, by its status.
func statusError(response *http.Response) error {
	code := response.StatusCode
	if code < 400 {
		return nil
	}
	text := http.StatusText(code)
	if text == "" {
		text = "unknown status"
	}
	err := &fault{store.HTTP, fmt.Sprintf("%d %s", code, text)}
	switch code {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if after, ok := retryAfter(response.Header.Get("Retry-After")); ok {
			return retry.After(err, after)
		}
		return err
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return err
	}
	return retry.Permanent(err)
}

// retryAfter reads a Retry-After header: seconds or a date.
func retryAfter(header string) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(date)), true
	}
	return 0, false
}

// retryable reports whether a failure without a mark can pass.
func retryable(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsTemporary || dns.IsTimeout
	}
	kind, _ := explain(err, 0)
	return kind != store.TLS
}
