package verify

import (
	"strings"

	"github.com/anishathalye/porcupine"
)

// An item is two bytes in the state of a model: its priority, and what tells it
// from the others.
type item struct{ priority, id byte }

func (v item) String() string { return string([]byte{v.priority, v.id}) }

func before(a, b item) bool { return a.priority < b.priority }

type kind uint8

const (
	put  kind = iota // Put or TryPut
	get              // Get or TryGet
	many             // GetBatch
)

type input struct {
	kind kind
	item item
	most int // of a batch
}

// output is what a call returned: no items from a get that found none, no ok from
// a put that found no room.
type output struct {
	ok    bool
	items string
}

// next returns where the item is that leaves next.
type next func(state string) int

func oldest(string) int       { return 0 }
func newest(state string) int { return len(state) - 2 }

// first is the order of a stable priority queue.
func first(state string) int {
	best := 0
	for at := 0; at < len(state); at += 2 {
		if state[at] < state[best] {
			best = at
		}
	}
	return best
}

// model is a buffer without concurrency. Its state is the items in the order in
// which they entered.
func model(capacity int, next next) porcupine.Model {
	take := func(state string, n int) (items, rest string) {
		var b strings.Builder
		for range n {
			at := next(state)
			b.WriteString(state[at : at+2])
			state = state[:at] + state[at+2:]
		}
		return b.String(), state
	}
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(s, i, o any) (bool, any) {
			state, in, out := s.(string), i.(input), o.(output)
			n := len(state) / 2
			switch {
			case in.kind == put && out.ok:
				return n < capacity, state + in.item.String()
			case in.kind == put:
				return n == capacity, state
			case !out.ok:
				return n == 0, state
			}
			items, rest := take(state, min(in.most, n))
			return items != "" && items == out.items, rest
		},
	}
}
