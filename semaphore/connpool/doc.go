// Package connpool lends connections that are expensive to open.
//
// # The problem
//
// A server or database takes so many connections and no more, and to open one
// takes time. A [Pool] opens them when they are needed, never more than
// MaxConns, and lends the idle ones again. Around that lies what makes pools
// hard: connections that have become old or broken, dials that fail or take
// longer than their caller has time, callers that give up, and those that never
// give back. T can be anything that is opened and closed: a net.Conn, a client
// of a library, a process.
//
// # When not to use it
//
// database/sql and net/http have pools of their own. For values that cost
// memory only use sync.Pool.
//
// # Concurrency properties
//
// All methods of a Pool are safe for concurrent use; a [Conn] belongs to its
// borrower. An idle connection is never kept from a call that waits. Calls that
// wait while MaxConns are lent have the fairness of a semaphore.Weighted: first
// in, first out, but a newcomer can overtake for up to a millisecond. The idle
// connection that was used last is lent first, so that those that are not needed
// can reach MaxIdle.
//
// A dial belongs to the pool. If its caller gives up, the connection goes to the
// next one, and whatever is released in the meantime goes to a call that waits
// for a dial. A dial that fails ends the wait of one call, which gets the error;
// the next dial waits for a back-off that all calls share.
//
// Goroutines exist only while something is dialled, checked or closed, and Close
// waits for them.
//
// # Example
//
//	pool := connpool.New(dial, connpool.Config[net.Conn]{MaxConns: 10, MaxIdle: time.Minute})
//	defer pool.Close(ctx)
//	...
//	conn, err := pool.Acquire(ctx)
//	if err != nil {
//		return err
//	}
//	defer conn.Release()
//	_, err = conn.Value().Write(request)
package connpool
