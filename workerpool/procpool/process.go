package procpool

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/interleave-go/interleave/internal/waitq"
)

// process is the child that is a process.
//
// Invariant: current is the id of the first frame that was sent and not replied
// to, last that of the last one; current is 0 if there is none.
type process struct {
	set *settings
	cmd *exec.Cmd
	err tail // what it wrote to its standard error

	// Used by the call that the worker is lent to, or by start.
	replies *bufio.Reader
	space   []byte // for a reply
	enc     encoder
	dec     decoder
	lastID  uint64
	alarms  sync.WaitGroup // what context.AfterFunc has started
	ready   bool           // start is over, and wait is being called by somebody else

	writing sync.Mutex // held while frames are written to requests
	// The pool's ends of the two pipes. Set by start before anyone else sees them.
	requests, answers *os.File

	mu            sync.Mutex // guards what follows
	current, last uint64
	cause         error  // why the pool ends the current task, or the process
	upTo          uint64 // the tasks up to this one were ended
	upToCause     error  // why, as far as they come after current
	owed          uint64 // what the next cancelFrame is about, or 0
	owedFlags     byte
	grace         *time.Timer // kills the process
	started       bool
	ended         bool // requests is closed
	killed        bool
	gone          waitq.Gate // the process has been waited for
}

func newProcess(set *settings) *process { return &process{set: set, err: tail{to: set.output}} }

// errProtocol means that a task has written to what is not its own.
var errProtocol = errors.New("procpool: a worker sent nonsense")

func (c *process) start() error {
	if err := c.launch(); err != nil {
		return err
	}
	b := &startBatch{init: c.set.init}
	c.enc.out = openFrame(c.enc.out, helloFrame, 1, c.set.memory, int64(c.set.cpu), "")
	_ = closeFrame(c.enc.out, 0, 0) // it has no payload
	c.lastID = 1
	c.begin(1, 1)
	c.write()
	f, err := c.read(1)
	c.settled(1)
	if err != nil {
		c.awaitEnd()
		return c.crash("its start", err)
	}
	if f.kind != doneFrame {
		return errorOf("its start", f)
	}
	if b.init != nil {
		c.run(context.Background(), b, 0, b.size(), func(outcome, bool) {})
	}
	c.ready = b.err == nil
	return b.err
}

// startBatch is the one task of the initialiser, whose reply is of no interest.
type startBatch struct {
	init *initialiser
	err  error
}

func (b *startBatch) function() string                            { return b.init.name }
func (b *startBatch) size() int                                   { return 1 }
func (b *startBatch) request(int) any                             { return b.init.req }
func (b *startBatch) succeed(_ int, decode func(any) error) error { return decode(nil) }
func (b *startBatch) fail(_ int, err error)                       { b.err = err }

// launch starts the process.
func (c *process) launch() error {
	path, err := executable()
	c.cmd = &exec.Cmd{Path: path, Args: os.Args[:1:1], Err: err}
	return c.launchCmd()
}

func (c *process) launchCmd() error {
	in, requests, err := os.Pipe()
	if err != nil {
		return err
	}
	answers, out, err := os.Pipe()
	if err != nil {
		in.Close()
		requests.Close()
		return err
	}
	c.cmd.Env = append(os.Environ(), marker+"=1")
	c.cmd.Stdout, c.cmd.Stderr = c.set.output, &c.err
	c.cmd.WaitDelay = c.set.grace // for what a task has started and left behind
	attach(c.cmd, in, out)
	err = c.cmd.Start()
	in.Close()
	out.Close()
	if err != nil {
		requests.Close()
		answers.Close()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = true
	c.requests, c.answers, c.replies = requests, answers, bufio.NewReader(answers)
	if c.killed {
		_ = c.cmd.Process.Kill()
	}
	return nil
}

// write sends the frames that have been encoded. If that fails, the process is
// gone, or of no use: it is killed, and the reading of replies will fail.
func (c *process) write() {
	c.writing.Lock()
	_, err := c.requests.Write(c.enc.out)
	c.writing.Unlock()
	c.sendCancel()
	c.enc.out = kept(c.enc.out)
	if err != nil {
		c.kill(nil)
	}
}

// end closes the pipe of requests, which makes the process exit.
func (c *process) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.started && !c.ended {
		c.ended = true
		c.requests.Close()
		c.grace = time.AfterFunc(c.set.grace, func() { c.kill(nil) })
	}
}

func (c *process) kill(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killLocked(cause)
}

func (c *process) killLocked(cause error) {
	if c.cause == nil {
		c.cause = cause
	}
	if c.started && !c.killed {
		_ = c.cmd.Process.Kill() // it can be gone
	}
	c.killed = true
}

func (c *process) wait() {
	if c.gone.IsOpen() {
		return
	}
	if c.started { // by this goroutine
		_ = c.cmd.Wait() // how it ended is in ProcessState
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grace != nil {
		c.grace.Stop()
	}
	c.gone.OpenLocked()
	if c.current == 0 {
		c.closeLocked()
	}
}

// awaitEnd kills the process, in case it has only closed its pipe, and blocks until
// it has been waited for.
func (c *process) awaitEnd() {
	c.kill(nil)
	if c.ready {
		c.gone.Wait(&c.mu, nil)
	} else {
		c.wait()
	}
}

func (c *process) closeLocked() {
	if c.started {
		c.requests.Close()
		c.answers.Close()
	}
}
