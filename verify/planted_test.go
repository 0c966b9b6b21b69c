package verify

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/boundedbuf"
)

// impatient is a buffer whose TryGet gives up when it has lost a race.
type impatient struct {
	buffer
	calls *atomic.Int64
}

func (b impatient) TryGet() (item, bool) {
	if b.calls.Add(1)%7 == 0 {
		return item{}, false
	}
	return b.buffer.TryGet()
}

// forgetful loses an item now and then, to a get that fails as if its context had
// ended.
type forgetful struct {
	buffer
	calls *atomic.Int64
}

func (b forgetful) Get(ctx context.Context) (item, error) {
	v, err := b.buffer.Get(ctx)
	if err == nil && b.calls.Add(1)%3 == 0 {
		return item{}, context.Canceled
	}
	return v, err
}

// reversed lets the latest of equal items leave first.
func reversed(capacity int) buffer {
	return boundedbuf.NewPriority(capacity, func(a, b item) bool {
		return a.priority < b.priority || a.priority == b.priority && a.id > b.id
	})
}

// The checker must find what is wrong with these.
func TestPlantedBugsAreFound(t *testing.T) {
	for name, bug := range map[string]struct {
		next next
		new  func(capacity int) buffer
	}{
		"a stack for a queue": {oldest, func(n int) buffer { return boundedbuf.NewLIFO[item](n) }},
		"a queue for a stack": {newest, func(n int) buffer { return boundedbuf.New[item](n) }},
		"unstable priorities": {first, reversed},
		"one slot too many":   {oldest, func(n int) buffer { return boundedbuf.New[item](n + 1) }},
		"fails without cause": {oldest, func(n int) buffer {
			return impatient{boundedbuf.New[item](n), new(atomic.Int64)}
		}},
		"loses an item when it is cancelled": {oldest, func(n int) buffer {
			return forgetful{boundedbuf.New[item](n), new(atomic.Int64)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			const tries, capacity = 500, 4
			for seed := range uint64(tries) {
				switch verdict(model(capacity, bug.next), history(bug.new(capacity), seed)) {
				case porcupine.Illegal:
					return
				case porcupine.Unknown:
					require.Fail(t, "the checker ran out of time")
				}
			}
			require.Fail(t, "not found")
		})
	}
}
