package procpool

import "context"

// Call has a worker of p run fn with req and returns its reply. If no worker is
// free, it blocks until one is, first come, first served.
//
// If ctx has ended, Call fails; if that happens while the task waits, the task is
// never run. If it happens while the task runs, the task's own context ends, and
// after [Grace] the worker is killed. Only then does Call return, so that nothing
// of the task runs on. A reply that comes before is returned, late as it is. Else
// the error matches ctx.Err().
//
// The error is a [RemoteError] if fn returned one, a [PanicError], [ErrGoexit] or
// a [CrashError] if it did not return, and a [StartError] if no worker could be
// started. It matches [ErrClosed] if the pool was closed, [ErrBroken] if it has
// given up, and [ErrUndefined] if the worker does not know fn. A request or reply
// that gob cannot encode or decode is an error too.
//
// Call panics if fn was not made by [Define].
func Call[Req, Rep any](ctx context.Context, p *Pool, fn Func[Req, Rep], req Req) (Rep, error) {
	b := single[Req, Rep]{name: fn.must().name, req: req}
	p.run(ctx, &b)
	return b.rep, b.err
}

// single is a batch of one.
type single[Req, Rep any] struct {
	name string
	req  Req
	rep  Rep
	err  error
}

func (b *single[Req, Rep]) function() string      { return b.name }
func (b *single[Req, Rep]) size() int             { return 1 }
func (b *single[Req, Rep]) request(int) any       { return boxed(&b.req) }
func (b *single[Req, Rep]) fail(_ int, err error) { b.err = err }
func (b *single[Req, Rep]) succeed(_ int, decode func(any) error) error {
	rep, err := unboxed[Rep](decode)
	if err == nil {
		b.rep = rep
	}
	return err
}
