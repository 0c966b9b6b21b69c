package crawl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/retry"
)

// fault is an error that knows its kind.
type fault struct {
	kind store.Kind
	text string
}

func (f *fault) Error() string { return f.text }

// explain says of what kind err is and what is wrong, on one line, without the
// URL, which the row has already.
func explain(err error, timeout time.Duration) (store.Kind, string) {
	var (
		failed    *retry.Error
		known     *fault
		request   *url.Error
		dns       *net.DNSError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	if errors.As(err, &failed) {
		err = failed.Last
	}
	if errors.As(err, &known) {
		return known.kind, known.text
	}
	if errors.As(err, &request) {
		err = request.Err
	}
	var timedOut interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timedOut) && timedOut.Timeout():
		return store.Timeout, "no complete answer within " + timeout.String()
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return store.DNS, "no such host"
		}
		return store.DNS, oneLine(dns)
	case errors.As(err, &verify), errors.As(err, &unknownCA), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &record), errors.As(err, &alert):
		return store.TLS, oneLine(err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return store.Connection, "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return store.Connection, "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return store.Connection, "connection closed before the answer was complete"
	}
	return store.Connection, oneLine(err)
}

// oneLine returns the text of err, on one line and not too long.
func oneLine(err error) string {
	return clip(strings.Join(strings.Fields(err.Error()), " "), 300)
}

// clip cuts s to at most n bytes of valid UTF-8.
func clip(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
