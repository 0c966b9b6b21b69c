package actor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// parcel is a message that can be told from all others.
type parcel struct {
	id    int
	how   uint32 // it is handled
	reply Reply[int]
}

// ledger has what became of parcels.
type ledger struct {
	mu          sync.Mutex
	handled     map[int]int
	undelivered map[int]int
}

func (l *ledger) enter(in func() map[int]int, id int) {
	l.mu.Lock()
	in()[id]++
	l.mu.Unlock()
}

// clerk handles parcels in all the ways there are.
type clerk struct {
	ledger *ledger
	stash  []int
}

func (k *clerk) Receive(c *Context[parcel], p parcel) error {
	if p.how%16 == 0 && !slices.Contains(k.stash, p.id) {
		k.stash = append(k.stash, p.id)
		c.Stash(p)
		return nil
	}
	if p.id >= 0 {
		k.ledger.enter(func() map[int]int { return k.ledger.handled }, p.id)
	}
	switch p.how % 16 {
	case 1:
		c.Unstash()
	case 2:
		return errTest
	case 3:
		panic("ouch")
	case 4:
		runtime.Goexit()
	case 5:
		c.After(0, parcel{id: -1, how: 15})
	case 6:
		c.Become(&clerk{k.ledger, k.stash})
	case 7:
		c.Every(time.Millisecond, parcel{id: -1, how: 15})
	case 8:
		runtime.Gosched()
	}
	p.reply.Send(p.id)
	p.reply.Send(-1)
	return nil
}

// sent is what is known of a parcel by who has sent it.
type sent struct {
	id           int
	sure         bool // it was accepted, or was not
	accepted     bool
	mustHandleIt bool
}

func sendParcel(ref *Ref[parcel], rng *rand.Rand, id int) sent {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := parcel{id: id, how: rng.Uint32()}
	switch rng.IntN(4) {
	case 0:
		return sent{id: id, sure: true, accepted: ref.TryTell(p) == nil}
	case 1, 2:
		return sent{id: id, sure: true, accepted: ref.Tell(ctx, p) == nil}
	}
	p.how |= 1 // or it waits for Unstash
	if turns := rng.IntN(6); turns < 3 {
		go func() {
			for range turns {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	v, err := Ask(ctx, ref, func(r Reply[int]) parcel { p.reply = r; return p })
	if err == nil && v != id {
		panic(fmt.Sprintf("%d answers %d", v, id))
	}
	return sent{id: id, sure: err == nil, accepted: err == nil, mustHandleIt: err == nil}
}

func TestEachAcceptedMessageIsHandledOrUndelivered(t *testing.T) {
	const rounds, senders, messages = 300 / slowdown, 3, 100
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range rounds {
		l := &ledger{handled: map[int]int{}, undelivered: map[int]int{}}
		s := NewSystem(OnUndelivered(func(u Undelivered) {
			l.enter(func() map[int]int { return l.undelivered }, u.Message.(parcel).id)
		}))
		opts := []Option{Restart(Lifetime(rng.IntN(3)))}
		if rng.IntN(3) > 0 {
			opts = []Option{} // goes on after its failures
		}
		if rng.IntN(2) == 0 {
			opts = append(opts, Mailbox(1+rng.IntN(20), Policy(rng.IntN(3))))
		}
		ref := spawn(t, s, "", func() Behavior[parcel] { return &clerk{ledger: l} }, opts...)
		all := make([][]sent, senders)
		var wg sync.WaitGroup
		for i := range senders {
			own := rand.New(rand.NewPCG(rng.Uint64(), 0))
			wg.Go(func() {
				for n := range messages {
					all[i] = append(all[i], sendParcel(ref, own, i*messages+n))
				}
			})
		}
		ended, watching := make(chan struct{}), make(chan struct{})
		go func() { // at any instant
			defer close(watching)
			for {
				stats := ref.Stats()
				if stats.Waiting > stats.Accepted || stats.Accepted != stats.Handled+stats.Undelivered+stats.Waiting {
					t.Error(stats)
				}
				select {
				case <-ended:
					return
				default:
					runtime.Gosched()
				}
			}
		}()
		if rng.IntN(2) == 0 {
			wg.Wait() // or it ends while they send
		}
		end := ref.Stop
		if rng.IntN(2) == 0 {
			end = ref.Kill
		}
		require.NoError(t, end(context.Background()))
		wg.Wait()
		require.NoError(t, s.Shutdown(context.Background()))
		close(ended)
		<-watching

		stats := ref.Stats()
		require.Zero(t, stats.Waiting)
		require.Equal(t, stats.Accepted, stats.Handled+stats.Undelivered)
		undelivered := 0
		for _, sent := range slices.Concat(all...) {
			handled, missed := l.handled[sent.id], l.undelivered[sent.id]
			undelivered += missed
			switch {
			case sent.mustHandleIt && handled != 1, sent.sure && sent.accepted && handled+missed != 1,
				sent.sure && !sent.accepted && handled+missed != 0, handled+missed > 1:
				t.Fatalf("%+v: handled %d times, undelivered %d times", sent, handled, missed)
			}
		}
		require.EqualValues(t, stats.Undelivered, undelivered)
	}
}

// Without options either, what is reported is counted.
func TestAccountingWithoutAHook(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer, Mailbox(2, DropOldest))
		release := block(t, ref)
		tell(t, ref, nothing, nothing, nothing)
		ctx, cancel := context.WithCancel(t.Context())
		ask := askAct(ctx, ref, silent)
		require.False(t, ask.over())
		cancel()
		require.True(t, ask.over())
		killed := background(func() (int, error) { return 0, ref.Kill(t.Context()) })
		require.False(t, killed.over())
		close(release)
		require.True(t, killed.over())
		require.Equal(t, Stats{Accepted: 5, Handled: 1, Undelivered: 4}, ref.Stats())
	})
}
