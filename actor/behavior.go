package actor

// A Behavior is what an actor does. Its methods, and those of [Starter], [Stopping] and
// [Stopped] if it has them, are called one at a time, each call after the one before it
// has returned and with everything that it did visible; so a behavior needs no locks for
// what is its own. They are not always called by the same goroutine. A method of that name
// with other parameters is not called; that it is right can be checked with
//
//	var _ actor.Starter[M] = (*T)(nil)
//
// If Receive or Started returns an error, panics or calls runtime.Goexit, the actor has
// failed: its state is thrown away, and its parent decides what follows; see [Supervise]. So
// an error that the actor can live with, such as that of a Tell to another one that is full,
// is not to be returned. If Stopping or Stopped fails, that is reported to [OnFailure], the
// actor ends as it would have, and if it has not failed before that is its [Ref.Err].
type Behavior[M any] interface {
	// Receive handles a message.
	Receive(c *Context[M], m M) error
}

// A Starter is a [Behavior] that is to be told before its first message. It is the place
// to spawn children, set timers and open what it needs. If Started fails, the behavior
// gets no messages, and Stopping is not called.
type Starter[M any] interface {
	Started(c *Context[M]) error
}

// A Stopping behavior is told that it will get no more messages: because the actor stops,
// with cause nil, or because it has failed or is restarted, with the cause. The actor's
// children are still there. The context may have ended, and in Stopped it always has: to save
// something, use context.WithoutCancel with a time limit.
type Stopping[M any] interface {
	Stopping(c *Context[M], cause error)
}

// A Stopped behavior is told that the actor has stopped, after all its children have. It
// is called exactly once in the life of an actor, on its last behavior, and nothing is
// called after it.
type Stopped[M any] interface {
	Stopped(c *Context[M], cause error)
}

// Func is a [Behavior] that is just a function.
type Func[M any] func(c *Context[M], m M) error

// Receive calls f.
func (f Func[M]) Receive(c *Context[M], m M) error { return f(c, m) }
