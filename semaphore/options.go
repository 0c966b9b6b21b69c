package semaphore

// An Option changes what NewWeighted makes.
type Option func(*Weighted)

// MaxWaiters lets at most n calls of Acquire wait at the same time; those beyond
// get [ErrFull] at once. It is for servers that would rather turn a request away
// than let it grow old in a queue. Without it any number can wait; with zero, none.
// It panics if n is negative.
func MaxWaiters(n int) Option {
	if n < 0 {
		panic("semaphore: negative number of waiters")
	}
	return func(s *Weighted) { s.maxWaiters = n }
}
