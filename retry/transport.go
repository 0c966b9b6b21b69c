package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Transport is an http.RoundTripper that makes requests again. The zero value is
// usable. It is safe for concurrent use; do not change it while it is in use.
//
// It makes a request again if that can do no harm: if its method is idempotent, or
// it has a header Idempotency-Key or X-Idempotency-Key, and its body can be sent
// again (http.Request.GetBody, which http.NewRequest sets for what is in memory).
// All others go to Base as they are.
//
// An attempt has failed if Base returns an error, or if the response is 429 or 503,
// which Policy.Retryable sees as a [*StatusError]; a Retry-After is then the pause,
// as with [After]. The body of a failed response is read, up to 64 KiB and for as
// long as an attempt may take, and closed, so that the connection can be used again.
//
// If there will be no other attempt, RoundTrip returns the last response as it is,
// and no error; if there is none, or ctx ended during the pause, an [*Error].
type Transport struct {
	// Base makes the attempts. Nil means http.DefaultTransport.
	Base http.RoundTripper

	// Policy says when to try again. Its limits, AttemptTimeout and MaxElapsed,
	// apply until the head of the response has come; only the context of the
	// request ends your reading of the body. If Retryable is nil, errors that show
	// that the server is not who it should be or that the host does not exist are
	// not tried again.
	Policy Policy
}

// StatusError stands for a response whose status says that the request can be made
// again later.
type StatusError struct {
	Code int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))
}

// RoundTrip makes the request, as often as it takes. It blocks until there is a
// response that counts, or the context of the request ends. It panics if a field of
// the policy is out of its range.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.Policy.check()
	base := t.base()
	if !repeatable(request) {
		return base.RoundTrip(request)
	}
	p := t.Policy
	if p.Retryable == nil {
		p.Retryable = canPass
	}
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		closeBody(request)
		return nil, p.notAttempted(ctx, err)
	}
	l := loop{ctx: ctx, context: ctx}
	l.start(&p)
	for {
		response, err := l.send(&p, base, request)
		failure := err
		if err == nil {
			if failure = failed(response); failure == nil {
				p.succeed(ctx, l.attempts)
				return response, nil
			}
		}
		pause, again := l.decide(&p, failure)
		if !again {
			if response != nil {
				return response, nil
			}
			return nil, l.over
		}
		if response != nil {
			limit, _ := l.timeout(&p, time.Since(epoch))
			discard(response.Body, limit)
		}
		if !l.pause(&p, pause) {
			return nil, l.over
		}
	}
}

// CloseIdleConnections does so in Base, if that can. http.Client calls it.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

// send makes one attempt. Unlike the context of an attempt of Do, that of a request
// must go on until the body of the response has been read.
func (l *loop) send(p *Policy, base http.RoundTripper, request *http.Request) (*http.Response, error) {
	ctx := l.mark()
	timeout, cause := l.timeout(p, l.began)
	if timeout == 0 && l.attempts == 1 {
		return base.RoundTrip(request) // RoundTrip must not change it
	}
	var cancel context.CancelCauseFunc
	var timer *time.Timer
	if timeout > 0 {
		ctx, cancel = context.WithCancelCause(ctx)
		timer = time.AfterFunc(timeout, func() { cancel(cause) })
		defer timer.Stop() // if base panics
	}
	attempt := request.WithContext(ctx)
	if l.attempts > 1 && request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			end(cancel)
			return nil, Permanent(err)
		}
		attempt.Body = body
	}
	response, err := base.RoundTrip(attempt)
	switch {
	case err == nil && (timer == nil || timer.Stop()):
		if cancel != nil {
			response.Body = endWith(response.Body, func() { cancel(nil) })
		}
		return response, nil
	case err == nil:
		_ = response.Body.Close() // it came too late
		return nil, cause
	case cancel != nil && context.Cause(ctx) == cause && !errors.Is(err, cause):
		err = fmt.Errorf("%w: %w", cause, err) // what base says is "canceled"
	}
	end(cancel)
	return nil, err
}

func end(cancel context.CancelCauseFunc) {
	if cancel != nil {
		cancel(nil)
	}
}

// repeatable reports whether a request can be made again, as net/http decides it
// for connections that turn out to be closed.
func repeatable(request *http.Request) bool {
	if request.Body != nil && request.Body != http.NoBody && request.GetBody == nil {
		return false
	}
	switch request.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	_, key := request.Header["Idempotency-Key"]
	_, old := request.Header["X-Idempotency-Key"]
	return key || old
}

// canPass reports whether an error of a request can pass.
func canPass(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return !ok || !dns.IsNotFound
}
