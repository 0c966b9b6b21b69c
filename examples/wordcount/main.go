// Wordcount counts the words of files, directories or standard input, and prints those that
// come most often.
//
//	go run ./examples/wordcount -lower -n 10 README.md docs/
//	go run ./examples/wordcount -h
//
// It shows workerpool/mapreduce at work: large files are counted by all workers, a chunk at a
// time; words that do not fit into memory go to temporary files, which are gone when it
// ends, also by Ctrl-C.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unicode/utf8"

	"github.com/interleave-go/interleave/workerpool"
	"github.com/interleave-go/interleave/workerpool/mapreduce"
)

// What the program exits with.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once told to stop, a second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "wordcount: %v\nRun it with -h to see how to use it.\n", err)
		return exitUsage
	}
	c := &counter{options: o, show: newDisplay(o, stderr), stderr: stderr}
	err = c.count(ctx, stdin)
	c.show.end()
	if err == nil {
		err = c.top.print(stdout)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "wordcount: %s\n", message(err))
		return exitFailed
	}
	if o.verbose {
		c.summarize()
	}
	if c.failed {
		return exitFailed
	}
	return exitDone
}

// message says what failed, with the name of the file.
func message(err error) string {
	var in *mapreduce.InputError
	if !errors.As(err, &in) {
		return err.Error()
	}
	if strings.Contains(in.Err.Error(), in.Name) {
		return in.Err.Error()
	}
	return fmt.Sprintf("%s: %v", in.Name, in.Err)
}

// A counter counts words.
type counter struct {
	*options
	top    top
	show   *display
	words  int // all that were counted
	unlike int // that differ
	done   mapreduce.Progress
	bytes  atomic.Int64

	mu     sync.Mutex // guards failed, and orders what is written to stderr
	failed bool       // a file could not be read
	stderr io.Writer
}

func (c *counter) count(ctx context.Context, stdin io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pool := workerpool.New(c.workers)
	defer pool.Close()
	c.top.most = c.options.top
	results := mapreduce.Run(ctx, pool, chunks(ctx, c.paths, stdin, chunkSize), mapreduce.Job[chunk, string, int, int]{
		Map: func(_ context.Context, in chunk, emit func(string, int)) error {
			err := c.chunk(in, emit)
			if err != nil && c.keepGoing {
				c.fail(&mapreduce.InputError{Name: in.name, Err: err})
				return nil
			}
			return err
		},
		Combine: func(a, b int) int { return a + b },
		Reduce:  mapreduce.Sum[string, int],
		Name:    func(in chunk) string { return in.name },
		Memory:  c.memory,
		Progress: func(p mapreduce.Progress) {
			c.done = p
			c.show.progress(p, c.bytes.Load())
		},
	})
	for r, err := range results {
		if err != nil {
			return err
		}
		c.top.add(count{r.Key, r.Value})
		c.words += r.Value
		c.unlike++
	}
	return nil
}

// chunk emits the words of a chunk.
func (c *counter) chunk(in chunk, emit func(string, int)) error {
	data, err := in.read()
	if err != nil {
		return err
	}
	c.bytes.Add(int64(len(data)))
	if c.lower {
		data = bytes.ToLower(data)
	}
	words(string(data), func(word string) {
		if c.min == 1 || utf8.RuneCountInString(word) >= c.min {
			emit(word, 1)
		}
	})
	return nil
}

// fail notes that a file could not be read.
func (c *counter) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = true
	c.show.end()
	fmt.Fprintf(c.stderr, "wordcount: %s\n", message(err))
}
