package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"

	"github.com/interleave-go/interleave/workerpool"
)

const usage = `Wordcount counts the words of files and prints those that come most often.

Usage:

  wordcount [flags] [FILE|DIR|-]...

Of a directory it reads all text files, also in directories below, but not those
whose names begin with a dot, and no symbolic links. - is standard input, and so
is no argument at all.

A word is letters, digits and marks of any script, and apostrophes between them.
Bytes that are not UTF-8 separate words.

  -n N           print the N most frequent words; 0: all (default 20)
  -min N         count only words of N characters or more (default 1)
  -lower         count The and the as one word
  -workers N     threads that count (default: one for each processor)
  -memory SIZE   memory for words, as 500KiB or 2GiB; what needs more is kept in
                 temporary files, see TMPDIR (default 256MiB)
  -keep-going    go on when a file cannot be read; the exit status is still 1
  -v             say on standard error how far it is, and what was done; on a
                 terminal it says how far it is in any case
  -h             show this help

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
`

// options are what the command line says.
type options struct {
	paths     []string // "-": standard input
	top       int
	min       int
	lower     bool
	workers   int
	memory    int
	keepGoing bool
	verbose   bool
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	var memory string
	f := flag.NewFlagSet("wordcount", flag.ContinueOnError)
	f.SetOutput(io.Discard) // the errors are printed by the caller, the help below
	f.IntVar(&o.top, "n", 20, "")
	f.IntVar(&o.min, "min", 1, "")
	f.BoolVar(&o.lower, "lower", false, "")
	f.IntVar(&o.workers, "workers", workerpool.OptimalSize(workerpool.CPUBound), "")
	f.StringVar(&memory, "memory", "256MiB", "")
	f.BoolVar(&o.keepGoing, "keep-going", false, "")
	f.BoolVar(&o.verbose, "v", false, "")
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprint(stderr, usage)
			}
			return nil, err
		}
		parsed := args[:len(args)-f.NArg()]
		if args = f.Args(); len(args) == 0 {
			break
		}
		if len(parsed) > 0 && parsed[len(parsed)-1] == "--" { // all others are files
			o.paths = append(o.paths, args...)
			break
		}
		o.paths = append(o.paths, args[0])
		args = args[1:] // flags may also stand behind a file
	}
	if len(o.paths) == 0 {
		o.paths = []string{"-"}
	}
	size, err := humanize.ParseBytes(memory)
	if err != nil || size < 1 || size > 1<<50 {
		return nil, fmt.Errorf("-memory %s is not a size, such as 64MiB", memory)
	}
	o.memory = int(size)
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case o.top < 0:
		return errors.New("-n must not be negative")
	case o.min < 1:
		return errors.New("-min must be at least 1")
	case o.workers < 1 || o.workers > 1<<16:
		return errors.New("-workers must be from 1 to 65536")
	}
	return nil
}
