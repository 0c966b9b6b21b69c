package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"time"
)

const usage = `Crawler checks the links of web sites.

Usage:

  crawler [flags] URL...    crawl these sites, each page that can be reached
                            without leaving their hosts
  crawler [flags]           crawl the documentation of the Go standard library,
                            served on loopback: a try-out without network
  crawler -resume -db FILE  go on with a crawl that was interrupted

Where to go:
  -depth N         follow links this far from the start pages; -1: any (default -1)
  -max-pages N     stop after this many pages; 0: no limit (default 0)
  -external        check links to other hosts too, each once, without following
  -robots          obey robots.txt (default true; -robots=false to ignore it)

How hard to try:
  -c N             requests at once, in all (default 32)
  -per-host N      requests at once to one host (default 8)
  -rps N           requests a second to one host; 0: no limit (default 0)
  -retries N       further attempts after a failure that can pass (default 2)
  -timeout D       for one attempt, its body included (default 10s)
  -max-body N      MiB to read of a page at most (default 8)
  -user-agent S    what to introduce itself as

What to keep:
  -db FILE         SQLite file with the tables pages and links and the view
                   broken_links (default: a temporary file)
  -resume          go on with the crawl in FILE; what it has is not fetched again
  -report FILE     write an HTML page with pictures of the result
  -quiet           print nothing but errors
  -strict          exit with status 1 if there are broken links
  -h               show this help

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
`

// errHelp says that the help was asked for and has been shown.
var errHelp = flag.ErrHelp

// options are what the command line says.
type options struct {
	start                []string // normalised; empty: the standard library
	concurrency, perHost int
	rate                 float64
	retries              int
	timeout              time.Duration
	depth, maxPages      int
	maxBody              int
	external, robots     bool
	userAgent            string
	db, report           string
	resume               bool
	quiet, strict        bool
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("crawler", flag.ContinueOnError)
	f.SetOutput(io.Discard) // the errors are printed by the caller, the help below
	f.IntVar(&o.concurrency, "c", 32, "")
	f.IntVar(&o.perHost, "per-host", 8, "")
	f.Float64Var(&o.rate, "rps", 0, "")
	f.IntVar(&o.retries, "retries", 2, "")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "")
	f.IntVar(&o.depth, "depth", -1, "")
	f.IntVar(&o.maxPages, "max-pages", 0, "")
	f.IntVar(&o.maxBody, "max-body", 8, "")
	f.BoolVar(&o.external, "external", false, "")
	f.BoolVar(&o.robots, "robots", true, "")
	f.StringVar(&o.userAgent, "user-agent", "interleave-crawler/1.0", "")
	f.StringVar(&o.db, "db", "", "")
	f.BoolVar(&o.resume, "resume", false, "")
	f.StringVar(&o.report, "report", "", "")
	f.BoolVar(&o.quiet, "quiet", false, "")
	f.BoolVar(&o.strict, "strict", false, "")
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, errHelp) {
				fmt.Fprint(stderr, usage)
			}
			return nil, err
		}
		if f.NArg() == 0 {
			return o, o.check()
		}
		u, err := startPage(f.Arg(0))
		if err != nil {
			return nil, err
		}
		o.start = append(o.start, u)
		args = f.Args()[1:] // flags may also stand behind a URL
	}
}

func (o *options) check() error {
	switch {
	case o.concurrency < 1:
		return errors.New("-c must be at least 1")
	case o.perHost < 1:
		return errors.New("-per-host must be at least 1")
	case !(o.rate >= 0) || math.IsInf(o.rate, 1) || o.rate > 0 && o.rate < 1e-6:
		return errors.New("-rps must be 0 or a number of requests a second")
	case o.retries < 0:
		return errors.New("-retries must not be negative")
	case o.timeout <= 0:
		return errors.New("-timeout must be positive")
	case o.maxPages < 0:
		return errors.New("-max-pages must not be negative")
	case o.maxBody < 1 || o.maxBody > 1<<12:
		return errors.New("-max-body must be from 1 to 4096")
	case o.resume && o.db == "":
		return errors.New("-resume needs -db")
	}
	return nil
}
