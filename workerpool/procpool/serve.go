package procpool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"
)

// maxBatch is how many tasks a pool may send before it gets replies, and what a
// worker has room for, so that it can always read on and find a cancelFrame.
const maxBatch = 1024

// A task is a request that has arrived. a is how long after its arrival its
// context ends, b how long after its begin, in nanoseconds; 0 is never.
type task struct {
	frame
	arrived time.Time
}

// A server is a worker, seen from within.
type server struct {
	out   io.Writer
	limit func(memory, cpu int64) error
	tasks chan task

	// Used by the goroutine that runs tasks.
	enc      encoder
	dec      decoder
	limitCPU bool

	mu        sync.Mutex // guards what follows
	current   uint64     // the task that runs
	deadline  bool       // it has one
	cancel    context.CancelFunc
	cancelled uint64 // tasks up to this one are to end
}

// serve runs tasks until there are no more to be read.
func serve(in io.Reader, out io.Writer, limit func(memory, cpu int64) error) {
	s := &server{out: out, limit: limit, tasks: make(chan task, maxBatch)}
	defer close(s.tasks)
	go s.work()
	for r := bufio.NewReader(in); ; {
		f, err := readFrame(r, nil)
		if err != nil {
			return // the pool is gone, or has no more tasks
		}
		if f.kind == cancelFrame {
			s.end(f)
			continue
		}
		s.tasks <- task{f, time.Now()}
	}
}

// end ends the context of the task that runs, if it is one of those, and keeps
// the others from being begun.
func (s *server) end(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = max(s.cancelled, f.id)
	// Its own timer is about to end it too, and with the right error.
	byItself := f.flags&deadline != 0 && s.deadline
	if s.current != 0 && s.current <= f.id && !byItself {
		s.cancel()
	}
}

func (s *server) work() {
	goexit := true
	defer func() {
		if goexit { // by a task; it has been replied to
			go s.work()
		}
	}()
	for t := range s.tasks {
		if t.flags&renew != 0 {
			s.enc.gob = nil
		}
		if t.kind == helloFrame {
			s.hello(t.frame)
		} else {
			s.run(t)
		}
		if s.send() != nil {
			break // the pool is gone, and so will be this process
		}
	}
	goexit = false
}

func (s *server) send() error {
	_, err := s.out.Write(s.enc.out)
	s.enc.out = kept(s.enc.out)
	return err
}

func (s *server) hello(f frame) {
	s.limitCPU = f.b > 0
	if err := s.limit(f.a, f.b); err != nil {
		s.fail(f.id, 0, err)
		return
	}
	s.enc.appendText(doneFrame, 0, f.id, 0, "")
}

func (s *server) fail(id uint64, flags byte, err error) {
	flags |= s.dec.asksRenewal()
	if errors.Is(err, context.Canceled) {
		flags |= canceled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		flags |= deadline
	}
	s.enc.appendText(errorFrame, flags, id, s.cpu(), fmt.Sprintf("%T", err), err.Error())
}

// cpu returns what a reply says of the CPU time that this process has used.
func (s *server) cpu() int64 {
	if !s.limitCPU {
		return 0
	}
	return cpuTime()
}

// run runs a task and appends the reply to the encoder. A task that ends its
// goroutine ends the caller as well, after the reply has been sent.
func (s *server) run(t task) {
	f := lookup(t.name)
	if f == nil {
		_ = s.dec.decode(t.frame, nil)
		s.enc.appendText(undefinedFrame, s.dec.asksRenewal(), t.id, s.cpu(), "")
		return
	}
	ctx, begun := s.begin(t)
	if !begun {
		_ = s.dec.decode(t.frame, nil)
		s.enc.appendText(notRunFrame, s.dec.asksRenewal(), t.id, s.cpu(), "")
		return
	}
	returned := false
	defer func() {
		r := recover()
		s.over()
		if returned {
			return
		}
		if r == nil {
			s.enc.appendText(goexitFrame, s.dec.asksRenewal(), t.id, s.cpu(), "")
			_ = s.send()
			return
		}
		value := fmt.Sprint(r)
		s.enc.appendText(panicFrame, 0, t.id, int64(min(len(value), maxKept)), "", value, string(debug.Stack()))
	}()
	rep, err := f.call(ctx, func(v any) error { return s.dec.decode(t.frame, v) })
	if err == nil {
		err = s.enc.append(doneFrame, s.dec.asksRenewal(), t.id, s.cpu(), 0, "", rep)
		if err != nil {
			err = fmt.Errorf("procpool: the reply of %s cannot be encoded: %w", f.name, err)
		}
	}
	if err != nil {
		flags := byte(0)
		if ctx.Err() != nil {
			flags = ended
		}
		s.fail(t.id, flags, err)
	}
	returned = true
}

// begin makes the context of t, or returns false if t is to end before it begins.
func (s *server) begin(t task) (context.Context, bool) {
	now := time.Now()
	var ends time.Time
	if t.b > 0 {
		ends = now.Add(time.Duration(t.b))
	}
	if at := t.arrived.Add(time.Duration(t.a)); t.a != 0 && (ends.IsZero() || at.Before(ends)) {
		ends = at
	}
	if !ends.IsZero() && !ends.After(now) {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.id <= s.cancelled {
		return nil, false
	}
	s.current, s.deadline = t.id, !ends.IsZero()
	var ctx context.Context
	if s.deadline {
		ctx, s.cancel = context.WithDeadline(context.Background(), ends)
	} else {
		ctx, s.cancel = context.WithCancel(context.Background())
	}
	return ctx, true
}

func (s *server) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = 0
	s.cancel()
}
