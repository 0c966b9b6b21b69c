package tokenbucket

import (
	"context"
	"net/http"
	"strings"
)

// Transport is an [http.RoundTripper] that lets requests to each host wait for
// their turn. Create one with [NewTransport].
type Transport struct {
	base  http.RoundTripper
	hosts *Keyed[string]
}

// NewTransport returns a Transport that sends what it lets through with base, or
// with [http.DefaultTransport] if that is nil. Each host, with its port if it has
// one, is asked at a rate of so many requests a second, and burst at once. It
// panics for what [NewKeyed] panics for.
func NewTransport(base http.RoundTripper, rate float64, burst int) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	return &Transport{base: base, hosts: NewKeyed[string](rate, burst)}
}

// RoundTrip sends the request when it is its turn. It blocks until then, or until
// the context of the request ends; if that has a deadline before it is its turn,
// it fails at once with a [DeadlineError]. A redirect is a request of its own. A
// request that fails here was not sent.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.hosts.Take(r.Context(), strings.ToLower(r.URL.Host), 1); err != nil {
		if r.Body != nil {
			r.Body.Close() // as a RoundTripper has to
		}
		return nil, err
	}
	return t.base.RoundTrip(r)
}

// Wait blocks until it is the turn of a request to host that is sent by other
// means than RoundTrip. Its errors are those of [Bucket.Take].
func (t *Transport) Wait(ctx context.Context, host string) error {
	return t.hosts.Take(ctx, strings.ToLower(host), 1)
}

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
