package retry

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// failed returns why a response is a failed attempt, marked with what the server
// asks for, or nil.
func failed(response *http.Response) error {
	if code := response.StatusCode; code != http.StatusTooManyRequests && code != http.StatusServiceUnavailable {
		return nil
	}
	err := &StatusError{response.StatusCode}
	if wait, ok := retryAfter(response.Header); ok {
		return After(err, wait)
	}
	return err
}

// retryAfter reads the header Retry-After, seconds or a date (RFC 9110, section
// 10.2.3). The date is compared with that of the response: the clocks of two
// machines can differ by more than the pause.
func retryAfter(header http.Header) (time.Duration, bool) {
	value := header.Get("Retry-After")
	if date, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return max(0, date.Sub(now)), true
	}
	if value == "" {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds > math.MaxInt64/int64(time.Second) {
		return math.MaxInt64, true // it is only too large
	}
	return time.Duration(seconds) * time.Second, true
}

// discard reads what is left of a body, as far as that costs less than a new
// connection, and closes it. It takes no longer than limit, unless that is zero.
func discard(body io.ReadCloser, limit time.Duration) {
	if b, ok := body.(*endingBody); ok && limit > 0 {
		defer time.AfterFunc(limit, b.end).Stop()
	}
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

// endWith returns body, which calls end once it has been read or closed.
func endWith(body io.ReadCloser, end func()) io.ReadCloser {
	ending := &endingBody{ReadCloser: body, end: end}
	if w, ok := body.(io.Writer); ok {
		return struct { // after 101 Switching Protocols it is the connection
			*endingBody
			io.Writer
		}{ending, w}
	}
	return ending
}

type endingBody struct {
	io.ReadCloser
	end func()
}

func (b *endingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
