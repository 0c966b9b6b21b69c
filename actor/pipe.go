package actor

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
	"github.com/interleave-go/interleave/internal/panics"
)

// Pipe calls fn on a goroutine of its own, and has the actor handle what message makes of
// its result: for what takes long, while the actor handles other messages. The context of fn
// ends with the incarnation of the actor, also as it stops, which waits for fn to return; the
// result is then not wanted any more. A panic in fn is its error, a [*PanicError]. message is called by the
// actor. If the actor is ending already, fn is not called.
func Pipe[T, M any](c *Context[M], fn func(context.Context) (T, error), message func(T, error) M) {
	a := c.actor
	t := &tag{own: true}
	a.mu.Lock()
	if a.phase > live {
		a.mu.Unlock()
		return
	}
	ctx := a.contextLocked()
	t.incarnation = a.numberLocked()
	a.more.helpers++
	a.mu.Unlock()
	go func() {
		explore.Point("actor: pipe begins")
		var value T
		err := ErrGoexit
		defer func() {
			if thrown := recover(); thrown != nil {
				err = panics.New(thrown)
			}
			t.content = func(m any) { *m.(*M) = message(value, err) }
			var none M
			a.deliver(none, t)
			a.mu.Lock()
			a.more.helpers--
			a.childLeftUnlock()
		}()
		value, err = fn(ctx)
	}()
}
