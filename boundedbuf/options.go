package boundedbuf

// An Option changes what New makes.
type Option func(*config)

type config struct{ whenFull Policy }

// Policy is what a put does that finds the buffer full.
type Policy uint8

const (
	// Block waits for room. It is the default.
	Block Policy = iota
	// Reject returns [ErrFull] at once.
	Reject
	// DropOldest removes the item that entered first. For a buffer with priorities
	// it looks at all items to find it.
	DropOldest
	// EvictLowest, for a buffer with priorities, removes the item that would leave
	// last, or returns [ErrFull] if that is the new one. It looks at all items.
	EvictLowest
)

// WhenFull makes puts that find the buffer full do something else than wait,
// so that they never block. An item that makes room for another one counts as
// done for [Buffer.Join], and in [Stats.Dropped].
func WhenFull(p Policy) Option {
	if p > EvictLowest {
		panic("boundedbuf: unknown policy")
	}
	return func(c *config) { c.whenFull = p }
}

// evictLocked makes room for v in a full buffer, and reports whether it could.
func (b *Buffer[T]) evictLocked(v T) bool {
	switch b.whenFull {
	case DropOldest:
		b.items.popOldest()
	case EvictLowest:
		h := &b.items.heap
		last := h.last()
		if !h.less(v, h.entries[last].item) {
			return false // it entered after all that it equals
		}
		h.remove(last)
	default:
		return false
	}
	b.dropped++
	b.unfinished--
	return true
}
