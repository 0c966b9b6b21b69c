// Package barrier lets goroutines wait until others have come as far as they
// need them to.
//
// # The problem
//
// Work is done in rounds, and nobody may begin the next one before all have
// finished this one; or many wait for one thing to happen. Four types differ in
// who waits for whom:
//
//   - [Barrier]: a fixed number of parties wait for each other, round after round.
//   - [Phaser]: the same with parties that come and go, that can arrive without
//     waiting, and that have names.
//   - [Latch]: any number wait until a count has gone down to zero, once.
//   - [Event]: any number wait until a flag is set, which can be taken back.
//
// Every wait ends with a context, and says what that means for the others.
//
// # When not to use it
//
// To wait until goroutines that you start have ended, use taskgroup or
// sync.WaitGroup. To tell others once that something has happened, closing a
// channel is enough, and works in a select.
//
// # Concurrency properties
//
// All methods are safe for concurrent use. Nobody leaves a round before all have
// arrived, and an arrival counts for the round in which it was made and for no
// other. Which comes first, the end of a context or the last arrival, is decided
// at one instant for all: an arrival whose context ended before is not counted.
// Whoever waits is released at once and together; there is no order among them.
// What was done before an arrival is seen by all that it released.
//
// # Example
//
//	b := barrier.New(workers)
//	// each worker
//	for round := range rounds {
//		compute(round)
//		if _, err := b.Wait(ctx); err != nil {
//			return err
//		}
//	}
package barrier
