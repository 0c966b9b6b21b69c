package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// politeHost serves a start page with links to other pages, and counts what it
// is asked for.
type politeHost struct {
	*httptest.Server
	robots string
	links  []string // on the start page

	// handle is called on each request, robots.txt included, and reports
	// whether it has answered it; nil: it never does.
	handle func(w http.ResponseWriter, r *http.Request, attempt int) bool

	mu       sync.Mutex
	arrivals []time.Time    // of all requests
	asked    map[string]int // by path
}

// newPoliteHost returns a host with so many pages behind its start page.
func newPoliteHost(t *testing.T, pages int) *politeHost {
	h := &politeHost{asked: map[string]int{}}
	for i := range pages {
		h.links = append(h.links, fmt.Sprintf("/page-%d", i))
	}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *politeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.arrivals = append(h.arrivals, time.Now())
	h.asked[r.URL.Path]++
	attempt := h.asked[r.URL.Path]
	h.mu.Unlock()
	if h.handle != nil && h.handle(w, r, attempt) {
		return
	}
	switch r.URL.Path {
	case "/robots.txt":
		fmt.Fprint(w, h.robots)
	case "/":
		writeLinks(w, h.links...)
	default:
		writeLinks(w)
	}
}

// pages returns how many different pages were asked for.
func (h *politeHost) pages() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.asked)
	if h.asked["/robots.txt"] > 0 {
		n--
	}
	return n
}

// withinRate fails if more requests than one each interval have arrived at any
// time since start. Request number k needs a token that is not there before k
// intervals have passed, and arrives after it was taken. So it cannot fail
// however late a loaded machine makes some requests, and any request too many
// makes it fail. It passes over the first requests, so many as exempt.
func (h *politeHost) withinRate(t *testing.T, start time.Time, interval time.Duration, exempt int) {
	t.Helper()
	for k, at := range h.arrivals[exempt:] {
		require.GreaterOrEqual(t, at.Sub(start), time.Duration(k)*interval, "request %d of %d", k, len(h.arrivals)-exempt)
	}
}

// crawlAll crawls hosts in one crawl and returns its exit status: 1 if there is
// anything broken.
func crawlAll(ctx context.Context, t *testing.T, hosts []*politeHost, flags ...string) (code int, output string) {
	t.Helper()
	args := append([]string{"-strict", "-db", filepath.Join(t.TempDir(), "crawl.db")}, flags...)
	for _, h := range hosts {
		args = append(args, h.URL)
	}
	var out bytes.Buffer
	code = run(ctx, args, &out, &out)
	return code, out.String()
}

// gauge counts what is in progress.
type gauge struct {
	mu        sync.Mutex
	now, most int
	enough    int
	full      chan struct{} // closed once enough are in progress, or were
}

func newGauge(enough int) *gauge { return &gauge{enough: enough, full: make(chan struct{})} }

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	if n > 0 && g.now == g.enough && g.most < g.enough {
		close(g.full)
	}
	g.most = max(g.most, g.now)
}

// The bounds on requests at once, in all and to each host, are kept, robots.txt
// included, and they are reached.
func TestPoliteAtOnce(t *testing.T) {
	for _, test := range []struct{ hosts, inAll, perHost, want int }{
		{hosts: 1, inAll: 32, perHost: 3, want: 3},
		{hosts: 1, inAll: 2, perHost: 8, want: 2},
		{hosts: 3, inAll: 32, perHost: 2, want: 6},
		{hosts: 3, inAll: 6, perHost: 4, want: 6},
		{hosts: 6, inAll: 2, perHost: 2, want: 2},
		{hosts: 6, inAll: 1, perHost: 8, want: 1},
	} {
		t.Run(fmt.Sprintf("hosts=%d,c=%d,per-host=%d", test.hosts, test.inAll, test.perHost), func(t *testing.T) {
			all := newGauge(test.want)
			var hosts []*politeHost
			var each []*gauge
			for range test.hosts {
				h, own := newPoliteHost(t, 12), newGauge(test.perHost)
				h.handle = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
					all.add(1)
					own.add(1)
					if strings.HasPrefix(r.URL.Path, "/page-") {
						select {
						case <-all.full:
						case <-time.After(2 * time.Second): // it fails below
						}
					}
					pauseFor(r.Context(), 5*time.Millisecond) // for one too many to come
					own.add(-1)
					all.add(-1)
					return false
				}
				hosts, each = append(hosts, h), append(each, own)
			}
			code, output := crawlAll(t.Context(), t, hosts,
				"-c", strconv.Itoa(test.inAll), "-per-host", strconv.Itoa(test.perHost))
			require.Equal(t, exitDone, code, output)
			require.Equal(t, test.want, all.most)
			for i, h := range hosts {
				require.LessOrEqual(t, each[i].most, test.perHost)
				require.Equal(t, 13, h.pages())
			}
		})
	}
}

// busy answers the first attempt at each page by 503.
func busy(w http.ResponseWriter, r *http.Request, attempt int) bool {
	if attempt > 1 || r.URL.Path == "/robots.txt" {
		return false
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// The rate holds for robots.txt, pages and further attempts together.
func TestPoliteRate(t *testing.T) {
	const rate, pages = 50, 40
	h := newPoliteHost(t, pages)
	h.handle = busy
	start := time.Now()
	code, output := crawlAll(t.Context(), t, []*politeHost{h}, "-rps", strconv.Itoa(rate))
	h.withinRate(t, start, time.Second/rate, 0)
	require.Equal(t, exitDone, code, output)
	require.Len(t, h.arrivals, 1+2*(1+pages))
}

// To wait for one's turn is no part of the time that an answer may take, nor is
// it an attempt.
func TestPoliteRateIsNoTimeout(t *testing.T) {
	h := newPoliteHost(t, 0)
	h.robots, h.handle = "User-agent: *\nCrawl-delay: 2\n", busy
	start := time.Now()
	code, output := crawlAll(t.Context(), t, []*politeHost{h}, "-timeout", "1s", "-retries", "1")
	require.Equal(t, exitDone, code, output)
	h.withinRate(t, start, 2*time.Second, 1)
	require.Len(t, h.arrivals, 3)
}

// The delay that robots.txt asks for holds between pages, unless the rate given
// is lower.
func TestPoliteCrawlDelay(t *testing.T) {
	const pages = 6
	for _, test := range []struct {
		delay, rate string
		interval    time.Duration
	}{
		{"0.05", "0", 50 * time.Millisecond},
		{"0.05", "1000", 50 * time.Millisecond},
		{"0.001", "20", 50 * time.Millisecond},
	} {
		t.Run("delay="+test.delay+",rps="+test.rate, func(t *testing.T) {
			h := newPoliteHost(t, pages)
			h.robots, h.handle = "User-agent: *\nCrawl-delay: "+test.delay+"\n", busy
			start := time.Now()
			code, output := crawlAll(t.Context(), t, []*politeHost{h}, "-rps", test.rate)
			require.Equal(t, exitDone, code, output)
			h.withinRate(t, start, test.interval, 1)
			require.Len(t, h.arrivals, 1+2*(1+pages))
		})
	}
}

// The rate given holds from robots.txt on, also where that asks for less still.
func TestPoliteRateWithCrawlDelay(t *testing.T) {
	h := newPoliteHost(t, 5)
	h.robots = "User-agent: *\nCrawl-delay: 0.2\n"
	start := time.Now()
	code, output := crawlAll(t.Context(), t, []*politeHost{h}, "-rps", "10")
	require.Equal(t, exitDone, code, output)
	h.withinRate(t, start, 100*time.Millisecond, 0)
}

// A link to another host can take two requests, HEAD and GET. Both count.
func TestPoliteRateExternal(t *testing.T) {
	const rate, pages = 20, 10
	other := newPoliteHost(t, pages)
	other.handle = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return r.Method == http.MethodHead
	}
	h := newPoliteHost(t, 0)
	for _, l := range other.links {
		h.links = append(h.links, other.URL+l)
	}
	start := time.Now()
	code, output := crawlAll(t.Context(), t, []*politeHost{h}, "-external", "-rps", strconv.Itoa(rate))
	require.Equal(t, exitDone, code, output)
	require.Len(t, other.arrivals, 1+2*pages)
	other.withinRate(t, start, time.Second/rate, 0)
}

// A host that answers nothing, or tells us to come back later, has its permits
// and no others: another host is crawled to the end meanwhile.
func TestSlowHostHoldsUpNoOther(t *testing.T) {
	const pages, perHost = 20, 4
	for _, test := range []struct {
		name  string
		inAll int
		slow  func(w http.ResponseWriter, r *http.Request, done <-chan struct{})
	}{
		{"hangs", perHost + 1, func(_ http.ResponseWriter, r *http.Request, done <-chan struct{}) {
			select {
			case <-done:
			case <-r.Context().Done():
			}
		}},
		// To wait is not to ask: it takes no permit that others need.
		{"asks to wait", perHost, func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			slow, fast := newPoliteHost(t, pages), newPoliteHost(t, pages)
			taken, done := newGauge(perHost), make(chan struct{})
			slow.handle = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if !strings.HasPrefix(r.URL.Path, "/page-") {
					return false
				}
				taken.add(1) // for good: the first of them are counted
				test.slow(w, r, done)
				return true
			}
			var finish sync.Once
			fast.handle = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
				if r.URL.Path == "/robots.txt" {
					// Not before slow has all it can get.
					select {
					case <-taken.full:
					case <-r.Context().Done():
					}
				}
				if fast.pages() == pages+1 {
					finish.Do(func() { close(done) })
				}
				return false
			}
			// Not a deadline, since a retry that would come after it is given up.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer time.AfterFunc(20*time.Second, cancel).Stop()
			ended := make(chan string, 1)
			go func() {
				_, output := crawlAll(ctx, t, []*politeHost{slow, fast},
					"-timeout", "1m", "-c", strconv.Itoa(test.inAll), "-per-host", strconv.Itoa(perHost))
				ended <- output
			}()
			select {
			case <-done:
				cancel()
				<-ended
			case output := <-ended:
				require.Fail(t, "the other host was held up", "%d of its pages were asked for\n%s", fast.pages(), output)
			}
		})
	}
}
