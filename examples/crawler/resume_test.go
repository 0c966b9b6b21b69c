package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process starts the crawler as a process of its own: the test binary, which
// TestMain turns into the crawler. ended has what came of it.
func (s *oddSite) process(t *testing.T, args []string, stdout, stderr io.Writer) (p *os.Process, ended <-chan error) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), binary, args...)
	// The race detector would pause for a second at the end.
	cmd.Env = append(os.Environ(), "CRAWLER_MAIN=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	require.NoError(t, cmd.Start())
	result := make(chan error, 1)
	go func() { result <- cmd.Wait() }()
	return cmd.Process, result
}

// moment draws when to stop a run that may have so many requests left: at a
// request, and a little time after it.
type moment func(left int) (at int, then time.Duration)

// moments calls crawl n times, with as many moments to draw as the crawl is to
// be stopped: most once, some also while they resume.
func moments(t *testing.T, n int, crawl func(t *testing.T, stops int, next moment)) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			crawl(t, 1+max(0, i%5-2), func(left int) (int, time.Duration) {
				return 1 + random.IntN(max(1, left)), time.Duration(random.IntN(int(time.Millisecond)))
			})
		})
	}
}

// checkLeft checks what a run that was stopped has left: every page that is
// recorded has all its links, and nothing that was recorded is gone.
func checkLeft(t *testing.T, left, before, want kept) {
	t.Helper()
	require.Equal(t, want.linksOf(left.urls), left.links)
	for url := range before.urls {
		require.True(t, left.urls[url], "%s was recorded and is gone", url)
	}
}

// Killed at any moment and resumed, a crawl comes to the result of one that ran
// undisturbed, and asks for nothing again that it had recorded.
func TestResumeAfterKill(t *testing.T) {
	site := newOddSite(t, 40+180/slowdown)
	want, undisturbed := site.complete(t)
	requests := site.total(undisturbed)

	moments(t, 20, func(t *testing.T, stops int, next moment) {
		db, crawl := filepath.Join(t.TempDir(), "crawl.db"), newCrawl()
		var left kept
		var resume []string
		for range stops {
			at, then := next(requests - len(left.urls))
			t.Logf("kill %v after request %d", then, at)
			v := site.register(&oddVisit{crawl: crawl, at: at, pause: time.Millisecond})
			var stderr bytes.Buffer
			process, ended := site.process(t, site.args(db, v, resume...), nil, &stderr)
			var err error
			select {
			case <-v.reached:
				pauseFor(t.Context(), then)
				require.NoError(t, killed(process))
				<-ended
			case err = <-ended: // it had fewer requests left than that
				require.NoError(t, err, stderr.String())
			}
			site.notAgain(t, v, left)
			now := readKept(t, db)
			checkLeft(t, now, left, want)
			left, resume = now, []string{"-resume"}
		}
		v := site.visit(crawl, 0)
		var stderr bytes.Buffer
		_, ended := site.process(t, site.args(db, v, "-resume"), nil, &stderr)
		require.NoError(t, <-ended, stderr.String())
		site.notAgain(t, v, left)
		readKept(t, db).same(t, want)
	})
}

// killed kills a process. One that has ended by itself is fine.
func killed(p *os.Process) error {
	if err := p.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// The same, with the context cancelled in place of the process killed.
func TestResumeAfterCancel(t *testing.T) {
	site := newOddSite(t, 20)
	want, undisturbed := site.complete(t)
	requests := site.total(undisturbed)

	moments(t, 30, func(t *testing.T, stops int, next moment) {
		db, crawl := filepath.Join(t.TempDir(), "crawl.db"), newCrawl()
		var left kept
		var resume []string
		for range stops {
			at, then := next(requests - len(left.urls))
			t.Logf("cancel %v after request %d", then, at)
			v := site.visit(crawl, at)
			ctx, cancel := context.WithCancel(t.Context())
			stopper := make(chan struct{})
			go func() {
				defer close(stopper)
				select {
				case <-v.reached:
					pauseFor(ctx, then)
					cancel()
				case <-ctx.Done():
				}
			}()
			code, stderr := site.crawl(ctx, db, v, resume...)
			cancel()
			<-stopper
			now := readKept(t, db)
			if code == exitDone { // stopped too late, or it had fewer requests left
				now.same(t, want)
			} else {
				require.Equal(t, exitInterrupted, code, stderr)
			}
			site.notAgain(t, v, left)
			checkLeft(t, now, left, want)
			left, resume = now, []string{"-resume"}
		}
		v := site.visit(crawl, 0)
		code, stderr := site.crawl(t.Context(), db, v, "-resume")
		require.Equal(t, exitDone, code, stderr)
		site.notAgain(t, v, left)
		readKept(t, db).same(t, want)
	})
}

// Told to stop, the crawler saves what it has, shows it and says how to go on,
// without waiting for answers that do not come.
func TestInterrupt(t *testing.T) {
	site := newOddSite(t, 120)
	want, _ := site.complete(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			db, crawl := filepath.Join(t.TempDir(), "crawl.db"), newCrawl()
			const answered = 100
			v := site.register(&oddVisit{crawl: crawl, at: answered, hang: true})
			var stdout, stderr bytes.Buffer
			process, ended := site.process(t, site.args(db, v), &stdout, &stderr)
			select {
			case <-v.reached:
			case err := <-ended:
				require.Fail(t, "ended by itself", "%v: %s", err, stderr.String())
			}
			require.NoError(t, process.Signal(sig))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			var err error
			select {
			case err = <-ended:
			case <-ctx.Done():
				require.NoError(t, killed(process))
				<-ended
				require.Fail(t, "still running two seconds later")
			}
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, exitInterrupted, exit.ExitCode(), stderr.String())
			require.Contains(t, stdout.String(), "Pages/s")
			require.Contains(t, stdout.String(), "Broken links")
			require.Contains(t, stderr.String(), "-resume")
			require.Contains(t, stderr.String(), db)
			left := readKept(t, db)
			require.NotEmpty(t, left.pages)
			checkLeft(t, left, kept{}, want)

			v = site.visit(crawl, 0)
			code, errs := site.crawl(t.Context(), db, v, "-resume")
			require.Equal(t, exitDone, code, errs)
			site.notAgain(t, v, left)
			readKept(t, db).same(t, want)
		})
	}
}

// A signal that comes before the crawl has begun is an interruption too.
func TestInterruptAtOnce(t *testing.T) {
	site := newOddSite(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	db, v := filepath.Join(t.TempDir(), "crawl.db"), site.visit(newCrawl(), 0)
	code, stderr := site.crawl(ctx, db, v)
	require.Equal(t, exitInterrupted, code, stderr)
	require.Zero(t, site.total(v))
}

// A crawl that was killed before it had recorded anything begins anew.
func TestResumeEmptyFile(t *testing.T) {
	site := newOddSite(t, 20)
	db, v := filepath.Join(t.TempDir(), "crawl.db"), site.visit(newCrawl(), 0)
	require.NoError(t, os.WriteFile(db, nil, 0o600))
	code, stderr := site.crawl(t.Context(), db, v, "-resume")
	require.Equal(t, exitDone, code, stderr)
	require.NotZero(t, site.total(v))
}

// The site is as odd as it is meant to be.
func TestResumeSite(t *testing.T) {
	site := newOddSite(t, 60)
	whole, v := site.complete(t)
	all := strings.ReplaceAll(strings.Join(whole.pages, "\n"), site.URL, "")
	require.Equal(t, 2, v.hits["/flaky"])
	require.Zero(t, v.hits["/private/page"])
	for _, want := range []string{
		"/chain/0 | 302 |  | 0 |  | 1 | 1 | more than 10 redirects | redirect | /chain/1 | 0",
		"/chain/13 | 200 | text/html; charset=utf-8 | 57 | Page with 1 links | 1 | 1 |  |  |  | 0",
		"/loop/a | 302 |  | 0 |  | 1 | 1 | redirect loop through /loop/a | redirect | /loop/b | 0",
		"/lost | 302 |  | 0 |  | 1 | 1 | redirects to /gone: 404 Not Found | redirect | /gone | 0",
		"/private/page | 0 |  | 0 |  | 1 | 0 | disallowed by robots.txt | robots |  | 0",
		"http://[bad-3/ | 0 |  | 0 |  | 5 | 0 | not a valid URL | url |  | 0",
		// Four links by the short way, nine by the long one, which is found first.
		"/tree/5 | 200 | text/html; charset=utf-8 | 134 | Page with 3 links | 4 | 1 |  |  |  | 0",
	} {
		require.Contains(t, all, want)
	}
}

// A crawl that is done has nothing to go on with.
func TestResumeFinished(t *testing.T) {
	site := newOddSite(t, 60)
	db, crawl := filepath.Join(t.TempDir(), "crawl.db"), newCrawl()
	code, stderr := site.crawl(t.Context(), db, site.visit(crawl, 0))
	require.Equal(t, exitDone, code, stderr)
	want, v := readKept(t, db), site.visit(crawl, 0)
	code, stderr = site.crawl(t.Context(), db, v, "-resume")
	require.Equal(t, exitDone, code, stderr)
	delete(v.hits, "/robots.txt")
	require.Empty(t, v.hits)
	readKept(t, db).same(t, want)
}

// What bounded the earlier run need not bound the one that resumes it.
func TestResumeFurther(t *testing.T) {
	site := newOddSite(t, 40)
	for _, test := range []struct {
		name          string
		first, second []string
	}{
		{"depth", []string{"-depth", "2"}, []string{"-depth", "5"}},
		{"any depth", []string{"-depth", "3"}, nil},
		{"start page only", []string{"-depth", "0"}, []string{"-depth", "4"}},
		{"pages", []string{"-max-pages", "50"}, nil},
		{"pages and depth", []string{"-max-pages", "50", "-depth", "2"}, []string{"-depth", "4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, _ := site.complete(t, test.second...)
			db, crawl := filepath.Join(t.TempDir(), "crawl.db"), newCrawl()
			code, stderr := site.crawl(t.Context(), db, site.visit(crawl, 0), test.first...)
			require.Equal(t, exitDone, code, stderr)
			left := readKept(t, db)
			require.Less(t, len(left.pages), len(want.pages))
			v := site.visit(crawl, 0)
			code, stderr = site.crawl(t.Context(), db, v, append(test.second, "-resume")...)
			require.Equal(t, exitDone, code, stderr)
			site.notAgain(t, v, left)
			readKept(t, db).same(t, want)
		})
	}
}

// What cannot be resumed is not begun anew.
func TestResumeRefused(t *testing.T) {
	site := newOddSite(t, 20)
	db := filepath.Join(t.TempDir(), "crawl.db")
	code, stderr := site.crawl(t.Context(), db, site.visit(newCrawl(), 0))
	require.Equal(t, exitDone, code, stderr)
	missing := filepath.Join(t.TempDir(), "missing.db")
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no file given", []string{"-resume", site.URL}, exitUsage, "-db"},
		{"no such file", []string{"-resume", "-db", missing}, exitFailed, "nothing to resume"},
		{"other start page", []string{"-resume", "-db", db, site.URL + "/other"}, exitFailed, "holds a crawl of " + site.URL},
		{"other hosts", []string{"-resume", "-db", db, "-external"}, exitFailed, "-external=false"},
		{"not resumed", []string{"-db", db, site.URL}, exitFailed, "-resume"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := readKept(t, db)
			v := site.visit(newCrawl(), 0)
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"-user-agent", v.name}, test.args...), &stdout, &stderr)
			require.Equal(t, test.code, code)
			require.Contains(t, stderr.String(), test.says)
			require.Zero(t, site.total(v))
			readKept(t, db).same(t, before)
			require.NoFileExists(t, missing)
		})
	}
}
