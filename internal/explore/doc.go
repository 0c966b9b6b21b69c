// Package explore runs a concurrent test under many schedules, one by one and
// on purpose, where go test -race and repetition run it under those that happen
// to occur.
//
// # The problem
//
// A lost wake-up takes a certain order of a few steps of two goroutines. Chance
// may not hit it in a million runs, and then not again. Here the code under test
// marks with [Point] the places between its steps, and a controller decides at
// each who goes on: it goes through all schedules, or draws them at random, and
// prints the one that failed in a form that runs it again.
//
// Points do something only with the build tag explore, as does the rest of the
// package:
//
//	go test -tags explore ./...
//	go test -tags explore -run '^TestX$' -explore.replay='a*3,b,cancel,a' .
//	go test -tags explore -run '^TestX$' -explore.seed=7 .
//	INTERLEAVE_EXPLORE=10 go test -tags explore ./...
//
// # When not to use it
//
// For data races, use go test -race: an exploration runs one thread at a time,
// so what happens between two Points is one step to it, and reordered memory
// accesses do not occur. For whole programs there are too many schedules.
//
// # Concurrency properties
//
// A thread is a function given to Exec.Go, or any other goroutine of the run
// from the moment it comes to a Point. It runs until its next Point, until it
// blocks, or until it ends; then the controller lets the same or another one go
// on. The rules for code under test:
//
//   - No Point while a mutex is held: synctest.Wait would wait for ever for the
//     next thread that wants the mutex. A watchdog panics after ten seconds.
//   - A Point follows each wake-up and begins each goroutine: until its next
//     Point, what was woken runs concurrently with what woke it.
//   - What is done depends on the schedule alone. Where several cases of a select
//     can be ready, each leads to as many Points, and to the same result. That a
//     run leaves its schedule is reported.
//   - A loop that waits for another thread ends after a few turns if [On].
//   - A panic in a goroutine not started by Exec.Go ends the test binary.
//
// Time stands still but in an Exec.Event that sleeps. A run ends when the
// threads given to Exec.Go have ended and no other is at a Point. Then what is
// left must end by itself, or because Exec.Context has.
//
// Schedules are bounded by their preemptions, as in CHESS (Musuvathi and Qadeer,
// PLDI 2007), or random, as in PCT (Burckhardt et al., ASPLOS 2010).
//
// # Example
//
// Two threads take turns on a semaphore, and a third gives up waiting for it at
// any moment:
//
//	//go:build explore
//
//	func TestExplore(t *testing.T) {
//		explore.Check(t, explore.Config{}, func(x *explore.Exec) {
//			s := semaphore.NewWeighted(1)
//			inside := 0
//			use := func(ctx context.Context) {
//				if s.Acquire(ctx, 1) == nil {
//					inside++
//					explore.Point("inside")
//					inside--
//					s.Release(1)
//				}
//			}
//			ctx, cancel := context.WithCancel(x.Context())
//			x.Go("a", func() { use(x.Context()) })
//			x.Go("b", func() { use(x.Context()) })
//			x.Go("c", func() { use(ctx) })
//			x.Event("cancel", cancel)
//			x.Always(func() error {
//				if inside > 1 {
//					return fmt.Errorf("%d threads inside", inside)
//				}
//				return nil
//			})
//			x.Finally(func() error {
//				if !s.TryAcquire(1) {
//					return errors.New("a permit is lost")
//				}
//				return nil
//			})
//		})
//	}
//
//	// The last test: no Point may have been left out.
//	func TestPointsCovered(t *testing.T) { explore.RequireCovered(t, ".") }
package explore
