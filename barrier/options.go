package barrier

// An Option changes what New makes.
type Option func(*Barrier)

// Action is run once for each trip, by the last one to arrive, when all have
// arrived and before anyone leaves. If it fails or panics, the barrier breaks.
// While it runs nobody is counted for the next trip.
func Action(fn func() error) Option { return func(b *Barrier) { b.action = fn } }

// CancelPolicy is what becomes of an arrival whose context ends before all have
// arrived.
type CancelPolicy uint8

const (
	// Break breaks the barrier: the others would wait in vain for one that has
	// given up. It is the default, as in Java and Python's threading.
	Break CancelPolicy = iota
	// Withdraw takes the arrival back: the others go on waiting for one more to
	// come, as in Python's asyncio.
	Withdraw
	// KeepCounted lets the arrival count for the trip that it arrived for, as in
	// tokio.
	KeepCounted
)

// OnCancel chooses what becomes of an arrival whose context ends.
func OnCancel(p CancelPolicy) Option {
	if p > KeepCounted {
		panic("barrier: unknown policy")
	}
	return func(b *Barrier) { b.onCancel = p }
}
