// Crawler checks the links of web sites: it reads every page it can reach from
// the start pages without leaving their hosts, and records what it finds in a
// SQLite file and an HTML report.
//
//	go run ./examples/crawler https://example.com
//
// Without arguments it needs no network: it serves the documentation of the Go
// standard library on loopback, rendered from the sources of the machine, and
// crawls that.
//
// It shows the primitives at work: taskgroup holds the stages together,
// boundedbuf stands between them, semaphore bounds the requests at once in all
// and to each host, tokenbucket the requests a second, and retry asks again
// where that can help. See the package comment of internal/crawl.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/interleave-go/interleave/examples/crawler/internal/crawl"
	"github.com/interleave-go/interleave/examples/crawler/internal/page"
	"github.com/interleave-go/interleave/examples/crawler/internal/report"
	"github.com/interleave-go/interleave/examples/crawler/internal/store"
	"github.com/interleave-go/interleave/taskgroup"
)

// What the program exits with.
const (
	exitDone        = 0
	exitFailed      = 1 // or -strict, and there are broken links
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once told to stop, a second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, errHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "crawler: %v\nRun it with -h to see how to use it.\n", err)
		return exitUsage
	}
	code, err := o.run(ctx, stdout, stderr)
	if err != nil && errors.Is(err, ctx.Err()) {
		return exitInterrupted // before there was anything to keep
	}
	if err != nil {
		fmt.Fprintf(stderr, "crawler: %v\n", err)
		return exitFailed
	}
	return code
}

// maxRedirects is how many redirects in a row are followed: as many as
// http.Client follows.
const maxRedirects = 10

func (o *options) run(ctx context.Context, stdout, stderr io.Writer) (code int, err error) {
	path := o.db
	if path == "" {
		dir, err := os.MkdirTemp("", "crawler")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "crawl.db")
	}
	s, demo, err := o.open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	show := newDisplay(o, stderr)
	crawled := taskgroup.Run(ctx, func(ctx context.Context, g *taskgroup.Group) error {
		if demo != nil {
			stop := demo.serve(g)
			defer stop()
		}
		return crawl.Run(ctx, s, o.config(show.progress))
	})
	show.end()
	interrupted := ctx.Err() != nil
	if crawled != nil && !interrupted {
		return 0, crawled
	}
	// From here on a cancelled ctx must not keep the result from being shown.
	ctx = context.WithoutCancel(ctx)
	if err := s.Finish(ctx); err != nil {
		return 0, err
	}
	if !interrupted || o.report != "" {
		if err := s.Index(ctx); err != nil {
			return 0, err
		}
	}
	summary, err := report.Summarize(ctx, s.DB())
	if err != nil {
		return 0, err
	}
	if !o.quiet {
		fmt.Fprintln(stdout, summary.Table())
		if err := printBroken(ctx, stdout, s.DB()); err != nil {
			return 0, err
		}
		if demo != nil && !interrupted && o.whole() {
			if err := demo.verify(ctx, stdout, s.DB()); err != nil {
				return 0, err
			}
		}
	}
	if o.report != "" {
		if err := o.writeReport(ctx, s); err != nil {
			return 0, err
		}
	}
	switch {
	case interrupted:
		o.sayHowToGoOn(stderr)
		return exitInterrupted, nil
	case o.strict && summary.BrokenLinks > 0:
		return exitFailed, nil
	}
	return exitDone, nil
}

// The settings of a crawl that its file keeps.
const (
	keyStart    = "start"    // the start pages, a line each
	keyExternal = "external" // whether other hosts are checked
	keyDemo     = "demo"     // where the standard library's documentation is served
)

// open creates or resumes the crawl in the file at path. demo is not nil if it
// is one of the standard library's documentation.
func (o *options) open(ctx context.Context, path string) (s *store.Store, demo *demo, err error) {
	if o.resume {
		return o.reopen(ctx, path)
	}
	return o.create(ctx, path)
}

func (o *options) create(ctx context.Context, path string) (s *store.Store, demo *demo, err error) {
	settings := map[string]string{keyExternal: strconv.FormatBool(o.external)}
	if len(o.start) == 0 {
		if demo, err = newDemo(ctx, "127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		o.start = []string{demo.url()}
		settings[keyDemo] = demo.address()
	}
	settings[keyStart] = strings.Join(o.start, "\n")
	s, err = store.Create(ctx, path, o.limits(), o.start, settings)
	if errors.Is(err, store.ErrExists) {
		err = fmt.Errorf("%s holds a crawl already: go on with it by -resume, or remove it", path)
	}
	if err != nil && demo != nil {
		demo.close()
	}
	return s, demo, inFile(path, err)
}

func (o *options) reopen(ctx context.Context, path string) (*store.Store, *demo, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("nothing to resume: %w", err)
	}
	settings, err := store.Settings(ctx, path)
	if errors.Is(err, store.ErrEmpty) {
		// Killed before anything was recorded.
		return o.create(ctx, path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	recorded := strings.Split(settings[keyStart], "\n")
	if len(o.start) > 0 && strings.Join(o.start, "\n") != settings[keyStart] {
		return nil, nil, fmt.Errorf("%s holds a crawl of %s", path, strings.Join(recorded, " "))
	}
	o.start = recorded
	// Pages that are done are not read again, so the links that they would
	// have added now cannot be.
	if was := settings[keyExternal]; was != strconv.FormatBool(o.external) {
		return nil, nil, fmt.Errorf("%s holds a crawl with -external=%s: give the same", path, was)
	}
	var d *demo
	if address := settings[keyDemo]; address != "" {
		if d, err = newDemo(ctx, address); err != nil {
			return nil, nil, err
		}
	}
	s, err := store.Resume(ctx, path, o.limits())
	if err != nil && d != nil {
		d.close()
	}
	return s, d, inFile(path, err)
}

// inFile says which file err is about, if it does not say so itself.
func inFile(path string, err error) error {
	if err == nil || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (o *options) limits() store.Limits {
	sites := map[string]bool{}
	for _, u := range o.start {
		// Sites answer with and without www, and often send from one to the
		// other: both are the same site.
		host := strings.TrimPrefix(store.HostOf(u), "www.")
		sites[host], sites["www."+host] = true, true
	}
	return store.Limits{Sites: sites, External: o.external, Depth: o.depth, Hops: maxRedirects}
}

func (o *options) config(progress func(crawl.Progress)) crawl.Config {
	return crawl.Config{
		Concurrency: o.concurrency,
		PerHost:     o.perHost,
		Rate:        o.rate,
		Retries:     o.retries,
		Timeout:     o.timeout,
		MaxPages:    o.maxPages,
		MaxBody:     int64(o.maxBody) << 20,
		Robots:      o.robots,
		UserAgent:   o.userAgent,
		Progress:    progress,
	}
}

// whole reports whether nothing keeps the crawl from reaching every page.
func (o *options) whole() bool { return o.depth < 0 && o.maxPages == 0 }

func (o *options) writeReport(ctx context.Context, s *store.Store) error {
	f, err := os.Create(o.report)
	if err != nil {
		return err
	}
	if err := report.Write(ctx, f, s.DB(), strings.Join(o.start, " ")); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (o *options) sayHowToGoOn(stderr io.Writer) {
	if o.db == "" {
		fmt.Fprintln(stderr, "Interrupted. With -db FILE a crawl is kept and can be resumed.")
		return
	}
	fmt.Fprintf(stderr, "Interrupted. Everything above is saved in %s; go on by adding -resume.\n", o.db)
}

// startPage returns the URL of a start page as it was given on the command
// line, where the scheme may be missing.
func startPage(arg string) (string, error) {
	if !strings.Contains(arg, "://") {
		if host, _, _ := strings.Cut(arg, "/"); strings.Contains(host, "@") {
			return "", fmt.Errorf("%q is not the address of a page", arg)
		}
		arg = "https://" + arg
	}
	return page.Normalize(arg)
}
