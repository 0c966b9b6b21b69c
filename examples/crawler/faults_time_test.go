package main

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// drip is slow enough that no answer is complete in time, and fast enough that
// none looks dead.
const drip = 20 * time.Millisecond

// TestFaultsThatTakeForEver is apart from the other faults because a timeout
// short enough to wait for would hit good pages on a busy machine.
func TestFaultsThatTakeForEver(t *testing.T) {
	t.Parallel()
	late := func(status int) row { return failed(status, "timeout", "no complete answer within 2s", 2).sized(-1) }
	hangAfter := func(text string) answer {
		return func(v *visit) {
			raw(text)(v)
			v.hang()
		}
	}
	dripAfter := func(text, more string) answer {
		return func(v *visit) {
			raw(text)(v)
			v.endlessly(more, drip)
		}
	}
	faults := []planted{
		{target: "/silent", answer: (*visit).hang, want: late(0)},
		{target: "/silent-in-header", answer: hangAfter(headOK + typeHTML), want: late(0)},
		{target: "/silent-in-body", answer: hangAfter(headOK + typeHTML + "Content-Length: 99\r\n\r\n<title>"), want: late(200)},
		{target: "/silent-after-404", answer: hangAfter("HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n"), want: failed(404, "http", "404 Not Found", 1).sized(99)},
		{target: "/slow-status", answer: dripAfter("HTTP/1.1 200 ", "O"), want: late(0)},
		{target: "/slow-header", answer: dripAfter(headOK+"X-Slow: ", "x"), want: late(0)},
		{target: "/slow-headers", answer: dripAfter(headOK, "X: y\r\n"), want: late(0)},
		{target: "/slow-hints", answer: dripAfter("", "HTTP/1.1 103 Early Hints\r\n\r\n"), want: late(0)},
		{target: "/slow-page", answer: dripAfter(headOK+typeHTML+chunked+"\r\n", "1\r\n.\r\n"), want: late(200)},
		{target: "/slow-bytes", answer: dripAfter(headOK+typeBytes+"Content-Length: 999999\r\n\r\n", "x"), want: late(200)},
		{target: "/slow-gzip", answer: dripAfter(headOK+typeHTML+encoded+chunked+"\r\n", "1\r\n\x1f\r\n"), want: failed(200, "content", "cannot be decompressed: gzip: invalid header", 1).sized(-1)},
		// net/http takes the timeout off a connection that switches protocols.
		{target: "/switch", answer: hangAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
			want: failed(101, "connection", "101 Switching Protocols without having been asked to", 1)},
		{target: "/redirect-silent", answer: hangAfter("HTTP/1.1 302 Found\r\nLocation: /target\r\nContent-Length: 99\r\n\r\n"),
			want: row{Status: 302, Attempts: 1, Depth: 1, Size: -1, Redirect: "/target"}},
		good("/target", "Target"),
	}
	site := newFaultSite(t, plant(faults))
	got := crawlSite(t, site, "-timeout", "2s", "-retries", "1", "-c", "64", "-per-host", "64")
	samePages(t, wantedPages(faults), got.pages)
	requireAsked(t, site, faults)
}

// TestFaultOfHeadAlone has another host that answers a HEAD with silence, and a
// GET as it should. The time that the one takes must not be missing for the other.
func TestFaultOfHeadAlone(t *testing.T) {
	t.Parallel()
	other := newFaultSite(t, map[string]answer{"/": func(v *visit) {
		if v.method == "HEAD" {
			v.hang()
			return
		}
		titled("Other")(v)
	}})
	site := newFaultSite(t, map[string]answer{"/": titled("Start", other.url+"/")})
	got := crawlSites(t, []*faultSite{site, other}, "-external", "-timeout", "2s", "-retries", "0")
	want := ok("")
	want.Size, want.External = -1, true
	samePages(t, map[string]row{"/": ok("Start").at(0).sized(-1), "other:/": want}, got.pages)
}

// TestFaultThatPassesIsWaitedFor checks that the pause that a server asks for is
// kept.
func TestFaultThatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	var begun, pause atomic.Int64
	start := time.Now()
	site := newFaultSite(t, map[string]answer{"/": first(
		func(v *visit) {
			begun.Store(int64(time.Since(start)))
			reply(503, "Retry-After: 1\r\n", "")(v)
		},
		func(v *visit) {
			pause.Store(int64(time.Since(start)) - begun.Load())
			titled("Start")(v)
		},
	)})
	got := crawlSite(t, site)
	samePages(t, map[string]row{"/": ok("Start").at(0).tried(2)}, got.pages)
	require.GreaterOrEqual(t, time.Duration(pause.Load()), time.Second)
}

// TestFaultOfTheStartPage has nothing but a port that nobody listens on.
func TestFaultOfTheStartPage(t *testing.T) {
	t.Parallel()
	site := &faultSite{url: "http://127.0.0.1:1"} // reserved for a service that is extinct
	got := crawlSite(t, site)
	refused := failed(0, "connection", "connection refused", 3).at(0)
	samePages(t, map[string]row{"/": refused}, got.pages)
	require.Empty(t, got.links)
	require.Equal(t, []broken{{"/", 0, "connection", "connection refused", "NULL", "NULL"}}, got.broken)
}
