package tokenbucket_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/tokenbucket"
)

// roundTrips is a server that answers at once and notes when it was asked.
type roundTrips struct {
	start  time.Time
	asked  []string
	closed bool
}

func (s *roundTrips) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.Host+" "+time.Since(s.start).String())
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func (s *roundTrips) CloseIdleConnections() { s.closed = true }

// body notes that it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

func TestTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &roundTrips{start: time.Now()}
		transport := tokenbucket.NewTransport(server, 2, 2)
		client := &http.Client{Transport: transport}
		for _, url := range []string{"http://a/", "http://A/x", "http://a/y", "http://b/", "http://a:81/", "http://a/z"} {
			response, err := client.Get(url)
			require.NoError(t, err)
			response.Body.Close()
		}
		require.Equal(t, []string{"a 0s", "A 0s", "a 500ms", "b 500ms", "a:81 500ms", "a 1s"}, server.asked)
		require.NoError(t, transport.Wait(t.Context(), "A"))
		require.Equal(t, 1500*time.Millisecond, time.Since(server.start))

		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		sent := &body{Reader: strings.NewReader("x")}
		for _, b := range []io.Reader{sent, nil} {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://a/", b)
			require.NoError(t, err)
			_, err = transport.RoundTrip(request)
			var late *tokenbucket.DeadlineError
			require.ErrorAs(t, err, &late)
			require.Equal(t, server.start.Add(2*time.Second), late.RetryAt)
		}
		require.True(t, sent.closed)
		require.Len(t, server.asked, 6)
		client.CloseIdleConnections()
		require.True(t, server.closed)
	})
	tokenbucket.NewTransport(nil, 1, 1).CloseIdleConnections()
	tokenbucket.NewTransport(struct{ http.RoundTripper }{}, 1, 1).CloseIdleConnections()
}

func TestMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buckets := tokenbucket.NewKeyed[string](0.1, 2)
		served := 0
		handler := tokenbucket.Middleware(buckets, func(r *http.Request) string { return r.RemoteAddr })(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
		get := func(client string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = client
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w
		}
		for _, want := range []struct {
			client                string
			code                  int
			remaining, reset, try string
		}{
			{"a", 200, "1", "10", ""},
			{"a", 200, "0", "20", ""},
			{"b", 200, "1", "10", ""},
			{"a", 429, "0", "20", "10"},
		} {
			w := get(want.client)
			require.Equal(t, want.code, w.Code)
			require.Equal(t, "2", w.Header().Get("RateLimit-Limit"))
			require.Equal(t, want.remaining, w.Header().Get("RateLimit-Remaining"))
			require.Equal(t, want.reset, w.Header().Get("RateLimit-Reset"))
			require.Equal(t, `"default";r=`+want.remaining+`;t=`+want.reset, w.Header().Get("RateLimit"))
			require.Equal(t, `"default";q=2;w=20`, w.Header().Get("RateLimit-Policy"))
			require.Equal(t, want.try, w.Header().Get("Retry-After"))
		}
		require.Equal(t, 3, served)
		time.Sleep(9500 * time.Millisecond)
		require.Equal(t, "1", get("a").Header().Get("Retry-After"), "rounded up")
		time.Sleep(500 * time.Millisecond)
		require.Equal(t, 200, get("a").Code)
		// The header says how long it takes behind those who wait.
		go buckets.Take(t.Context(), "a", 2)
		synctest.Wait()
		require.Equal(t, "30", get("a").Header().Get("Retry-After"))
	})
}

func TestMiddlewareAtTheLimits(t *testing.T) {
	for rate, policy := range map[float64]string{0: `"default";q=1`, 1e-20: `"default";q=1`, 1e9: `"default";q=1;w=1`, tokenbucket.Inf: ""} {
		handler := tokenbucket.Middleware(tokenbucket.NewKeyed[struct{}](rate, 1),
			func(*http.Request) (all struct{}) { return })(http.NotFoundHandler())
		for range 2 {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, policy, w.Header().Get("RateLimit-Policy"))
			if rate == 0 {
				require.Empty(t, w.Header().Get("Retry-After"), "who knows")
			}
		}
	}
}

func TestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 5)
		start := time.Now()
		got, err := io.ReadAll(tokenbucket.NewReader(t.Context(), strings.NewReader("twenty bytes of text"), b))
		require.NoError(t, err)
		require.Equal(t, "twenty bytes of text", string(got))
		require.Equal(t, 1500*time.Millisecond, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := tokenbucket.NewReader(ctx, strings.NewReader("abc"), b)
		p := make([]byte, 3)
		n, err := r.Read(p)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "abc", string(p[:n]), "what was read is not lost")
		time.Sleep(time.Second)
		n, err = r.Read(p)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, n)
	})
}

// The burst becomes smaller than what was read, while it waits.
func TestReaderWhoseBurstChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(1, 4, tokenbucket.Initial(0))
		start := time.Now()
		time.AfterFunc(time.Second, func() { b.SetBurst(2) })
		n, err := tokenbucket.NewReader(t.Context(), strings.NewReader("abcd"), b).Read(make([]byte, 9))
		require.NoError(t, err)
		require.Equal(t, 4, n)
		require.Equal(t, 4*time.Second, time.Since(start))
		b.SetRate(tokenbucket.Inf)
		n, _ = tokenbucket.NewReader(t.Context(), strings.NewReader("abcdef"), b).Read(make([]byte, 9))
		require.Equal(t, 6, n, "no limit")
	})
}

// short writes as many bytes as it has left.
type short struct {
	left int
	err  error
}

func (w *short) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	if w.left -= n; n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := tokenbucket.New(10, 5)
		var text strings.Builder
		start := time.Now()
		n, err := io.WriteString(tokenbucket.NewWriter(t.Context(), &text, b), "twenty bytes of text")
		require.NoError(t, err)
		require.Equal(t, 20, n)
		require.Equal(t, "twenty bytes of text", text.String())
		require.Equal(t, 1500*time.Millisecond, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
		defer cancel()
		w := tokenbucket.NewWriter(ctx, io.Discard, b)
		n, err = w.Write(make([]byte, 8))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5, n)
		time.Sleep(time.Second)
		_, err = w.Write(nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualValues(t, 5, b.Tokens())

		full := errors.New("full")
		for given, want := range map[error]error{nil: io.ErrShortWrite, full: full} {
			n, err = tokenbucket.NewWriter(t.Context(), &short{3, given}, b).Write(make([]byte, 5))
			require.Equal(t, 3, n)
			require.ErrorIs(t, err, want)
			require.EqualValues(t, 2, b.Tokens(), "given back")
			time.Sleep(time.Second)
		}
	})
}
