package actor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type inc struct {
	n     int
	reply Reply[int]
}
type counter struct{ n int }

func (c *counter) Receive(_ *Context[inc], m inc) error {
	c.n += m.n
	if m.n < 0 {
		panic("neg")
	}
	if m.n == 13 {
		return errors.New("13")
	}
	m.reply.Send(c.n)
	return nil
}

func TestCounter(t *testing.T) {
	s := NewSystem()
	ctx := context.Background()
	r, err := Spawn(s, "c", func() Behavior[inc] { return new(counter) })
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, r.Tell(ctx, inc{n: 1}))
	}
	v, err := Ask(ctx, r, func(r Reply[int]) inc { return inc{1, r} })
	require.NoError(t, err)
	require.Equal(t, 11, v)
	_, err = Ask(ctx, r, func(r Reply[int]) inc { return inc{-1, r} })
	var pe *PanicError
	require.ErrorAs(t, err, &pe)
	_, err = Ask(ctx, r, func(r Reply[int]) inc { return inc{13, r} })
	require.EqualError(t, err, "13")
	v, err = Ask(ctx, r, func(r Reply[int]) inc { return inc{1, r} })
	require.NoError(t, err)
	require.Equal(t, 1, v)
	l, err := Lookup[inc](s, "c")
	require.NoError(t, err)
	require.Same(t, r, l)
	t.Log(r, s)
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	require.NoError(t, s.Shutdown(ctx))
	t.Log(r, s)
	require.ErrorIs(t, r.Tell(ctx, inc{}), ErrStopped)
}

func BenchmarkTell(b *testing.B) {
	s := NewSystem()
	ctx := context.Background()
	done := make(chan struct{})
	n, i := b.N, 0
	r, _ := Spawn(s, "", func() Behavior[int] {
		return Func[int](func(*Context[int], int) error {
			if i++; i == n {
				close(done)
			}
			return nil
		})
	})
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		r.Tell(ctx, 1)
	}
	<-done
}
func BenchmarkChan(b *testing.B) {
	ch := make(chan int, 1024)
	done := make(chan struct{})
	n := b.N
	go func() {
		for range n {
			<-ch
		}
		close(done)
	}()
	for range n {
		ch <- 1
	}
	<-done
}
func BenchmarkAsk(b *testing.B) {
	s := NewSystem()
	ctx := context.Background()
	r, _ := Spawn(s, "", func() Behavior[inc] { return new(counter) })
	b.ReportAllocs()
	for b.Loop() {
		Ask(ctx, r, func(r Reply[int]) inc { return inc{1, r} })
	}
}
func BenchmarkPing(b *testing.B) {
	ch, ch2 := make(chan int), make(chan int)
	go func() {
		for v := range ch {
			ch2 <- v
		}
		close(ch2)
	}()
	for b.Loop() {
		ch <- 1
		<-ch2
	}
	close(ch)
	<-ch2
}
func BenchmarkIdle(b *testing.B) {
	s := NewSystem()
	f := func() Behavior[inc] { return new(counter) }
	b.ReportAllocs()
	for b.Loop() {
		Spawn(s, "", f)
	}
}
