// Package boundedbuf is a queue of limited capacity between goroutines that
// produce and goroutines that consume, in one of three orders: first in, first
// out, last in, first out, or by priority.
//
// # The problem
//
// Stages of a program run at different speeds. A [Buffer] between two stages
// evens out short differences, and when the consumer is slower for long it
// makes the producer wait, so that memory stays bounded. It does what a
// buffered channel does and what a channel cannot: every wait ends with a
// context, closing is safe at any time and from any side, items can be moved
// many at a time, a full buffer can drop the oldest or the least important item
// instead of waiting ([WhenFull]), [Buffer.Join] waits until everything was dealt
// with, and the length and the waiters can be seen.
//
// # When not to use it
//
// Where a plain channel serves, use it: select works on channels only. A stage
// that puts into the buffer from which it gets, be it through other stages, can
// deadlock with any bounded queue: when all wait to put, nobody gets. Break the
// cycle with something that does not block, such as a table or a file.
//
// # Concurrency properties
//
// All methods are safe for concurrent use, and each of them takes effect at one
// instant between its call and its return: a buffer is linearizable, but that
// the items of a PutAll can be parted. Waiting producers are served in the order
// of their arrival, and so are waiting consumers. One whose turn has come is
// woken, and a call that comes before it runs can overtake it, for up to a
// millisecond: then it is handed its item or room, and nobody overtakes it any
// more. A call whose context ends has put or taken nothing; if a hand-off and the
// end of the context coincide, the one that happens first decides.
//
// # Example
//
//	buf := boundedbuf.New[Page](64)
//	// producer
//	if err := buf.Put(ctx, page); err != nil {
//		return err
//	}
//	buf.Close()
//	// consumer
//	for page := range buf.All(ctx) {
//		...
//	}
package boundedbuf
