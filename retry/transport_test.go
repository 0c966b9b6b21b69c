package retry_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

// base answers request after request as the script says: a status, an error, or
// what a function returns.
type base struct {
	t        *testing.T
	script   []any
	start    time.Time
	at       []time.Duration
	bodies   []string
	returned []*trackedBody
	idle     bool
}

type trackedBody struct {
	io.Reader
	closed bool
}

func (b *trackedBody) Close() error { b.closed = true; return nil }

type reply struct {
	code   int
	header http.Header
	body   string
}

func (b *base) RoundTrip(r *http.Request) (*http.Response, error) {
	n := len(b.at)
	b.at = append(b.at, time.Since(b.start))
	sent := ""
	if r.Body != nil {
		all, err := io.ReadAll(r.Body)
		require.NoError(b.t, err)
		require.NoError(b.t, r.Body.Close())
		sent = string(all)
	}
	b.bodies = append(b.bodies, sent)
	switch a := b.script[min(n, len(b.script)-1)].(type) {
	case error:
		return nil, a
	case int:
		return b.response(reply{code: a}), nil
	case reply:
		return b.response(a), nil
	case func(*http.Request) (*http.Response, error):
		return a(r)
	}
	panic("script")
}

func (b *base) response(r reply) *http.Response {
	body := &trackedBody{Reader: strings.NewReader(r.body)}
	b.returned = append(b.returned, body)
	if r.header == nil {
		r.header = http.Header{}
	}
	return &http.Response{StatusCode: r.code, Header: r.header, Body: body}
}

func (b *base) CloseIdleConnections() { b.idle = true }

// roundTrip makes a request against a script, in a bubble.
func roundTrip(t *testing.T, p retry.Policy, r *http.Request, script ...any) (*base, *http.Response, error) {
	t.Helper()
	b := &base{t: t, script: script, start: time.Now()}
	response, err := (&retry.Transport{Base: b, Policy: p}).RoundTrip(r)
	return b, response, err
}

func request(t *testing.T, method string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://example.test/", body)
	require.NoError(t, err)
	return r
}

var steady = retry.Policy{BaseDelay: time.Second, Jitter: retry.NoJitter}

func TestTransportRetriesWhatCanBeRepeated(t *testing.T) {
	errReset := errors.New("connection reset")
	withKey := func(r *http.Request, key string) *http.Request {
		r.Header[key] = nil // there is one, which is not sent
		return r
	}
	for name, tc := range map[string]struct {
		request func(t *testing.T) *http.Request
		retried bool
	}{
		"GET":       {func(t *testing.T) *http.Request { return request(t, "GET", nil) }, true},
		"no method": {func(t *testing.T) *http.Request { r := request(t, "GET", nil); r.Method = ""; return r }, true},
		"HEAD":      {func(t *testing.T) *http.Request { return request(t, "HEAD", nil) }, true},
		"OPTIONS":   {func(t *testing.T) *http.Request { return request(t, "OPTIONS", nil) }, true},
		"TRACE":     {func(t *testing.T) *http.Request { return request(t, "TRACE", nil) }, true},
		"DELETE":    {func(t *testing.T) *http.Request { return request(t, "DELETE", nil) }, true},
		"PUT":       {func(t *testing.T) *http.Request { return request(t, "PUT", strings.NewReader("body")) }, true},
		"PUT that cannot be rewound": {func(t *testing.T) *http.Request {
			return request(t, "PUT", struct{ io.Reader }{strings.NewReader("body")})
		}, false},
		"PUT without a body": {func(t *testing.T) *http.Request { return request(t, "PUT", http.NoBody) }, true},
		"POST":               {func(t *testing.T) *http.Request { return request(t, "POST", strings.NewReader("body")) }, false},
		"PATCH":              {func(t *testing.T) *http.Request { return request(t, "PATCH", strings.NewReader("body")) }, false},
		"CONNECT":            {func(t *testing.T) *http.Request { return request(t, "CONNECT", nil) }, false},
		"POST with a key": {func(t *testing.T) *http.Request {
			return withKey(request(t, "POST", strings.NewReader("body")), "Idempotency-Key")
		}, true},
		"POST with an old key": {func(t *testing.T) *http.Request {
			return withKey(request(t, "POST", strings.NewReader("body")), "X-Idempotency-Key")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := tc.request(t)
				b, response, err := roundTrip(t, steady, r, errReset, 503, reply{code: 200, body: "answer"})
				if !tc.retried {
					require.Equal(t, errReset, err, "as it is")
					require.Len(t, b.at, 1)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 200, response.StatusCode)
				require.Equal(t, seconds(0, 1, 3), b.at)
				if r.Body != nil && r.Body != http.NoBody {
					require.Equal(t, []string{"body", "body", "body"}, b.bodies)
				}
				require.True(t, b.returned[0].closed, "that of the failed response")
				require.False(t, b.returned[1].closed)
			})
		})
	}
}

func TestTransportHeedsRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		code  int
		after string
		date  string
		pause float64
	}{
		"seconds":            {429, "7", "", 7},
		"unavailable":        {503, "0", "", 0},
		"date":               {503, "Sat, 01 Jan 2000 00:00:05 GMT", "", 5},
		"date by its clock":  {503, "Sat, 01 Jan 2005 00:00:05 GMT", "Sat, 01 Jan 2005 00:00:02 GMT", 3},
		"date in the past":   {429, "Sat, 01 Jan 1999 00:00:05 GMT", "", 0},
		"absent":             {429, "", "", 1},
		"negative":           {429, "-5", "", 1},
		"no number":          {429, "soon", "", 1},
		"cut to the maximum": {429, "3600", "", 30},
		"overflow":           {429, "9223372037", "", 30},
		"more of it":         {429, "99999999999999999999999", "", 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				header := http.Header{}
				if tc.after != "" {
					header.Set("Retry-After", tc.after)
				}
				if tc.date != "" {
					header.Set("Date", tc.date)
				}
				b, response, err := roundTrip(t, steady, request(t, "GET", nil), reply{code: tc.code, header: header}, 200)
				require.NoError(t, err)
				require.Equal(t, 200, response.StatusCode)
				require.Equal(t, seconds(0, tc.pause), b.at)
			})
		})
	}
}

func TestTransportGivesBackTheLastResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := reply{code: 503, body: "busy"}
		hour := reply{code: 503, body: "busy", header: http.Header{"Retry-After": {"3600"}}}
		strict := steady
		strict.StrictAfter = true
		spent := steady
		spent.Budget = retry.NewBudget(0, 0)
		short := steady
		short.MaxElapsed = time.Second
		choosy := steady
		choosy.Retryable = func(err error) bool {
			var status *retry.StatusError
			return !errors.As(err, &status) || status.Code != 503
		}
		for name, tc := range map[string]struct {
			p        retry.Policy
			script   reply
			attempts int
		}{
			"attempts used up": {steady, busy, 3}, "asked for too long": {strict, hour, 1}, "budget": {spent, busy, 1},
			"no time": {short, busy, 1}, "not retryable": {choosy, busy, 1},
		} {
			gaveUp := ""
			tc.p.OnGiveUp = func(_ context.Context, err *retry.Error) { gaveUp = err.Error() }
			b, response, err := roundTrip(t, tc.p, request(t, "GET", nil), tc.script)
			require.NoError(t, err, name)
			require.Len(t, b.at, tc.attempts, name)
			require.Equal(t, 503, response.StatusCode)
			all, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, "busy", string(all))
			require.Contains(t, gaveUp, "503 Service Unavailable")
		}
		b, response, err := roundTrip(t, steady, request(t, "GET", nil), 500)
		require.NoError(t, err)
		require.Equal(t, 500, response.StatusCode)
		require.Len(t, b.at, 1, "only 429 and 503")
	})
}

func TestTransportAndTheContextOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		b, response, err := roundTrip(t, steady, request(t, "GET", nil).WithContext(ctx), 503)
		require.Nil(t, response)
		require.True(t, b.returned[0].closed)
		e := requireError(t, err, 1, &retry.StatusError{Code: 503}, context.Canceled)
		require.EqualError(t, e, "after 1 attempt: 503 Service Unavailable (context canceled)")

		body := &trackedBody{Reader: strings.NewReader("body")}
		r := request(t, "PUT", body).WithContext(ctx)
		r.GetBody = func() (io.ReadCloser, error) { return body, nil }
		b, _, err = roundTrip(t, steady, r, 200)
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, b.at)
		require.True(t, body.closed, "a RoundTripper closes it, whatever happens")
		_, _, err = roundTrip(t, steady, request(t, "GET", nil).WithContext(ctx), 200)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestTransportErrorsThatCannotPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{
			&tls.CertificateVerificationError{Err: errFlaky},
			&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}},
		} {
			b, _, got := roundTrip(t, steady, request(t, "GET", nil), err)
			requireError(t, got, 1, err, nil)
			require.Len(t, b.at, 1)
		}
		timeout := &net.DNSError{IsTimeout: true}
		_, _, err := roundTrip(t, steady, request(t, "GET", nil), timeout)
		requireError(t, err, 3, timeout, nil)

		r := request(t, "PUT", strings.NewReader("body"))
		r.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrNoProgress }
		p := steady
		p.AttemptTimeout = time.Second
		_, _, err = roundTrip(t, p, r, errFlaky)
		requireError(t, err, 2, io.ErrNoProgress, nil)
	})
}

// The limits of the policy end with the head of the response: the body can take as
// long as it likes, and the context goes on until it has been read or closed.
func TestTransportTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady
		p.AttemptTimeout = 5 * time.Second
		hang := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err() // canceled, as far as that can tell
		}
		var ctx context.Context
		b := &base{t: t}
		good := func(r *http.Request) (*http.Response, error) {
			ctx = r.Context()
			return b.response(reply{code: 200, body: "answer"}), nil
		}
		_, response, err := roundTrip(t, p, request(t, "GET", nil), hang, good)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.NoError(t, ctx.Err())
		_, err = io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Error(t, ctx.Err(), "it has been read")
		_, response, err = roundTrip(t, p, request(t, "GET", nil), good)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Error(t, ctx.Err(), "it has been closed")

		start := time.Now()
		_, _, err = roundTrip(t, p, request(t, "GET", nil), hang)
		require.ErrorIs(t, err, retry.ErrAttemptTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, err.(*retry.Error).Cause, "it is not the caller's")
		require.Equal(t, 18*time.Second, time.Since(start))

		// A base that does not listen: what it returns has come too late.
		deaf := func(r *http.Request) (*http.Response, error) {
			time.Sleep(6 * time.Second)
			return good(r)
		}
		_, _, err = roundTrip(t, p, request(t, "GET", nil), deaf)
		require.ErrorIs(t, err, retry.ErrAttemptTimeout)
		require.True(t, b.returned[len(b.returned)-1].closed)

		// A base that fails before, and one that names the cause.
		_, _, err = roundTrip(t, p, request(t, "GET", nil), errFlaky)
		requireError(t, err, 3, errFlaky, nil)
		_, _, err = roundTrip(t, p, request(t, "GET", nil), func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})
		requireError(t, err, 3, retry.ErrAttemptTimeout, nil)

		p.AttemptTimeout, p.MaxElapsed = 0, 3*time.Second
		_, _, err = roundTrip(t, p, request(t, "GET", nil), hang)
		require.ErrorIs(t, err, retry.ErrElapsed)
	})
}

// After 101 Switching Protocols the body is the connection.
func TestTransportKeepsABodyThatCanBeWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written bytes.Buffer
		p := steady
		p.AttemptTimeout = time.Second
		_, response, err := roundTrip(t, p, request(t, "GET", nil), func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 101, Body: struct {
				io.ReadCloser
				io.Writer
			}{io.NopCloser(strings.NewReader("")), &written}}, nil
		})
		require.NoError(t, err)
		_, err = io.WriteString(response.Body.(io.Writer), "hello")
		require.NoError(t, err)
		require.Equal(t, "hello", written.String())
		require.NoError(t, response.Body.Close())
	})
}

func TestTransportReadsNoMoreOfABodyThanItIsWorth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := &trackedBody{Reader: &zeros{}}
		_, _, err := roundTrip(t, steady, request(t, "GET", nil), func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, Body: endless}, nil
		}, 200)
		require.NoError(t, err)
		require.True(t, endless.closed)
		require.LessOrEqual(t, endless.Reader.(*zeros).n, 128<<10)
		require.GreaterOrEqual(t, endless.Reader.(*zeros).n, 64<<10)
	})
}

// A failed response whose body does not come to an end holds up the next attempt for
// no longer than an attempt may take.
func TestTransportDoesNotWaitForABodyThatStalls(t *testing.T) {
	for name, p := range map[string]retry.Policy{
		"AttemptTimeout": {BaseDelay: time.Second, Jitter: retry.NoJitter, AttemptTimeout: 5 * time.Second},
		"MaxElapsed":     {BaseDelay: time.Second, Jitter: retry.NoJitter, MaxElapsed: 7 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var bodies []*stalledBody
			b, response, err := roundTrip(t, p, request(t, "GET", nil), func(r *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				bodies = append(bodies, &stalledBody{ctx: r.Context()})
				return &http.Response{StatusCode: 503, Body: bodies[len(bodies)-1]}, nil
			}, reply{code: 200, body: "answer"})
			require.True(t, bodies[0].closed)
			if name == "MaxElapsed" {
				require.ErrorIs(t, err, retry.ErrElapsed)
				require.Equal(t, seconds(0), b.at)
				require.Equal(t, 7*time.Second, time.Since(b.start))
				return
			}
			require.NoError(t, err)
			require.Equal(t, 200, response.StatusCode)
			require.Equal(t, seconds(0, 1+5+1), b.at)
		})
	}
}

type stalledBody struct {
	ctx    context.Context
	closed bool
}

func (b *stalledBody) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, b.ctx.Err() }
func (b *stalledBody) Close() error             { b.closed = true; return nil }

type zeros struct{ n int }

func (z *zeros) Read(p []byte) (int, error) { z.n += len(p); return len(p), nil }

func TestTransportHooksBudgetAndNesting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady
		succeeded := 0
		p.OnSuccess = func(_ context.Context, n int) { succeeded = n }
		p.Budget = retry.NewBudget(1, 0)
		_, _, err := roundTrip(t, p, request(t, "GET", nil), 503, 200)
		require.NoError(t, err)
		require.Equal(t, 2, succeeded)
		require.EqualValues(t, 1, p.Budget.Stats().Requests)

		attempts := 0
		retry.Do(t.Context(), eager, func(ctx context.Context) error {
			b, _, err := roundTrip(t, steady, request(t, "GET", nil).WithContext(ctx), errFlaky)
			attempts += len(b.at)
			return errors.New(err.Error())
		})
		require.Equal(t, 3+1+1, attempts)

		require.PanicsWithValue(t, "boom", func() {
			timed := steady
			timed.AttemptTimeout = time.Second
			roundTrip(t, timed, request(t, "GET", nil), func(*http.Request) (*http.Response, error) { panic("boom") })
		})
	})
	b := &base{}
	(&http.Client{Transport: &retry.Transport{Base: b}}).CloseIdleConnections()
	require.True(t, b.idle)
	(&http.Client{Transport: &retry.Transport{Base: roundTripper(nil)}}).CloseIdleConnections()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Against a real server: a connection that is cut, 503 and 429, and the connection
// is used again since the bodies were drained.
func TestTransportAgainstAServer(t *testing.T) {
	var mu sync.Mutex // guards addresses: a connection that is cut orders nothing
	var addresses []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		addresses = append(addresses, r.RemoteAddr)
		n := len(addresses)
		mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		switch n {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(503)
			w.Write(make([]byte, 10_000))
		case 3:
			w.WriteHeader(429)
			w.Write(make([]byte, 10_000))
		default:
			w.Write(body)
		}
	}))
	defer server.Close()
	own := http.DefaultTransport.(*http.Transport).Clone()
	client := http.Client{Transport: &retry.Transport{Base: own, Policy: retry.Policy{
		MaxAttempts: 5, BaseDelay: time.Microsecond, AttemptTimeout: time.Minute}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL, strings.NewReader("hello"))
	require.NoError(t, err)
	response, err := client.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "hello", string(body))
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, addresses, 4)
	require.Equal(t, addresses[1], addresses[2])
	require.Equal(t, addresses[2], addresses[3])
}

func TestZeroTransportUsesTheDefault(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client := http.Client{Transport: &retry.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Get(server.URL)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.NoError(t, response.Body.Close())
}
