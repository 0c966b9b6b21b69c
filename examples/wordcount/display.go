package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"github.com/interleave-go/interleave/workerpool/mapreduce"
)

// display shows how far the count is: in one line of a terminal, else by a line now and then.
type display struct {
	w        io.Writer
	terminal bool
	verbose  bool
	start    time.Time

	mu   sync.Mutex // guards the fields below
	last time.Time  // when something was shown
	line bool       // is on the terminal
}

func newDisplay(o *options, stderr io.Writer) *display {
	d := &display{w: stderr, verbose: o.verbose, start: time.Now(), last: time.Now()}
	if f, ok := stderr.(*os.File); ok {
		d.terminal = term.IsTerminal(int(f.Fd()))
	}
	return d
}

func (d *display) progress(p mapreduce.Progress, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	every := time.Second
	if d.terminal {
		every /= 10
	}
	if !d.terminal && !d.verbose || time.Since(d.last) < every {
		return
	}
	d.last = time.Now()
	text := fmt.Sprintf("%s read, %s words", humanize.IBytes(uint64(bytes)), humanize.Comma(int64(p.Pairs)))
	if p.Spilled > 0 {
		text += fmt.Sprintf(", %s in temporary files", humanize.IBytes(uint64(p.Spilled)))
	}
	if p.Results > 0 {
		text += fmt.Sprintf(", %s different", humanize.Comma(int64(p.Results)))
	}
	if d.terminal {
		d.line = true
		fmt.Fprintf(d.w, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(d.w, text)
}

// end removes what is on the terminal.
func (d *display) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.line {
		d.line = false
		fmt.Fprint(d.w, "\r\x1b[K")
	}
}

// summarize says what was done.
func (c *counter) summarize() {
	spent := time.Since(c.show.start)
	bytes := c.bytes.Load()
	fmt.Fprintf(c.stderr, "%s words, %s different, in %s, %.1f s (%s/s)", humanize.Comma(int64(c.words)),
		humanize.Comma(int64(c.unlike)), humanize.IBytes(uint64(bytes)), spent.Seconds(),
		humanize.IBytes(uint64(float64(bytes)/spent.Seconds())))
	if c.done.Runs > 0 {
		fmt.Fprintf(c.stderr, ", %d temporary files with %s", c.done.Runs, humanize.IBytes(uint64(c.done.Spilled)))
	}
	fmt.Fprintln(c.stderr)
}
