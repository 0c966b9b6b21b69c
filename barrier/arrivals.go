package barrier

import (
	"context"
	"slices"

	"github.com/interleave-go/interleave/internal/waitq"
)

// arrival is one call that has arrived and waits for the others.
type arrival struct {
	id    uint64
	index int
	ctx   context.Context
	done  <-chan struct{} // ctx.Done(); nil if its end no longer matters
	party *Party          // of a phaser, if it has a name
}

// generation is those who leave together.
type generation struct {
	gate waitq.Gate
	// err is why they leave, if it is not that all have arrived. It is set before
	// gate opens.
	err error
	// complete says that it is decided when they leave: all have arrived, or the
	// others will not come. It is guarded by the owner's mutex, as is what follows.
	complete bool
	// dropped are the ids of those whose context was found to have ended before g
	// was complete. They do not know yet. It does not change once g is complete.
	dropped []uint64
}

// arrivals are those of the generation that gathers. It is guarded by its owner's
// mutex.
type arrivals struct {
	n    int       // all of them
	list []arrival // those whose context can end
	last uint64    // the id of the latest
}

// add counts an arrival. Its id is for when its context ends.
func (a *arrivals) add(w arrival) (id uint64) {
	a.n++
	if w.done == nil {
		return 0
	}
	a.last++
	w.id = a.last
	a.list = append(a.list, w)
	return w.id
}

// find returns the place of an arrival in list, or -1.
func (a *arrivals) find(id uint64) int {
	return slices.IndexFunc(a.list, func(o arrival) bool { return o.id == id })
}

func (a *arrivals) remove(at int) {
	a.n--
	a.list = slices.Delete(a.list, at, at+1)
}

// ended returns the place of one whose context has ended, or -1. To poll its
// channel stands in for ctx.Err, which can be code of the user.
func (a *arrivals) ended() int {
	return slices.IndexFunc(a.list, func(o arrival) bool {
		select {
		case <-o.done:
			return true
		default:
			return false
		}
	})
}

// reset makes room for the next generation.
func (a *arrivals) reset() {
	a.n = 0
	clear(a.list)
	a.list = a.list[:0]
}
