package actor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var errTest = errors.New("test failure")

// act is a message that says what the actor is to do.
type act func(c *Context[act]) error

// performer is an actor that does what it is told.
func performer() Behavior[act] {
	return Func[act](func(c *Context[act], m act) error { return m(c) })
}

// handler is the factory of an actor without state.
func handler[M any](fn func(c *Context[M], m M) error) func() Behavior[M] {
	return func() Behavior[M] { return Func[M](fn) }
}

func spawn[M any](t testing.TB, parent Parent, name string, factory func() Behavior[M], opts ...Option) *Ref[M] {
	t.Helper()
	ref, err := Spawn(parent, name, factory, opts...)
	require.NoError(t, err)
	return ref
}

func tell[M any](t testing.TB, ref *Ref[M], messages ...M) {
	t.Helper()
	for _, m := range messages {
		require.NoError(t, ref.Tell(context.Background(), m))
	}
}

// inBubble runs fn in a bubble with a system that is shut down afterwards.
func inBubble(t *testing.T, fn func(t *testing.T, s *System), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := NewSystem(opts...)
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			require.NoError(t, s.Shutdown(ctx))
		}()
		fn(t, s)
	})
}

// outcome is what a call in the background has come to.
type outcome struct {
	done  chan struct{}
	value int
	err   error
}

func background(fn func() (int, error)) *outcome {
	o := &outcome{done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.value, o.err = fn()
	}()
	return o
}

// over reports whether the call has returned, once all goroutines have come to rest.
func (o *outcome) over() bool {
	synctest.Wait()
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// askAct asks an actor to do what fn returns, in the background.
func askAct(ctx context.Context, ref *Ref[act], fn func(Reply[int]) act) *outcome {
	return background(func() (int, error) { return Ask(ctx, ref, fn) })
}

func tellLater[M any](ctx context.Context, ref *Ref[M], m M) *outcome {
	return background(func() (int, error) { return 0, ref.Tell(ctx, m) })
}

// replies answers with n.
func replies(n int) func(Reply[int]) act {
	return func(r Reply[int]) act {
		return func(*Context[act]) error { r.Send(n); return nil }
	}
}

// silent does not reply.
func silent(Reply[int]) act { return nothing }

func nothing(*Context[act]) error { return nil }

// block keeps an actor busy until release is closed.
func block(t testing.TB, ref *Ref[act]) (release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	begun := make(chan struct{})
	tell(t, ref, func(*Context[act]) error {
		close(begun)
		<-release
		return nil
	})
	<-begun
	return release
}

// journal is what happened, in order.
type journal struct {
	mu      sync.Mutex
	entries []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	j.entries = append(j.entries, fmt.Sprintf(format, args...))
	j.mu.Unlock()
}

// note returns a message whose handling is entered.
func (j *journal) note(entry string) act {
	return func(*Context[act]) error { j.add("%s", entry); return nil }
}

// take returns what was entered since it was called last, once all has come to rest.
func (j *journal) take() []string {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	entries := j.entries
	j.entries = nil
	return entries
}

// hooks enters failures and undelivered messages.
func (j *journal) hooks() Option {
	return func(c *config) {
		OnFailure(func(f Failure) {
			err := f.Err
			var p *PanicError
			if errors.As(err, &p) {
				err = fmt.Errorf("panic %v", p.Value)
			}
			j.add("%s failed: %v; %v", f.Actor.Path(), err, f.Decision)
		})(c)
		OnUndelivered(func(u Undelivered) {
			if _, ok := u.Message.(act); ok {
				u.Message = "a message"
			}
			j.add("%s has not got %v: %v", u.To.Path(), u.Message, u.Reason)
		})(c)
	}
}
