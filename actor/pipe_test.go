package actor

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPipe(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		var j journal
		began := time.Now()
		ref := spawn(t, s, "", performer)
		result := func(v int, err error) act {
			return func(*Context[act]) error {
				j.add("%d, %v at %v", v, err, time.Since(began))
				return nil
			}
		}
		release := block(t, ref)
		tell(t, ref, func(c *Context[act]) error {
			Pipe(c, func(ctx context.Context) (int, error) { time.Sleep(time.Second); return 1, ctx.Err() }, result)
			Pipe(c, func(context.Context) (int, error) { return 2, errTest }, result)
			return nil
		}, j.note("goes on"))
		close(release)
		require.Equal(t, []string{"goes on", "2, test failure at 0s"}, j.take())
		time.Sleep(time.Second)
		require.Equal(t, []string{"1, <nil> at 1s"}, j.take())

		tell(t, ref, func(c *Context[act]) error {
			Pipe(c, func(context.Context) (int, error) { runtime.Goexit(); return 1, nil }, result)
			return nil
		})
		require.Equal(t, []string{"0, actor: runtime.Goexit was called at 1s"}, j.take())
		tell(t, ref, func(c *Context[act]) error {
			Pipe(c, func(context.Context) (int, error) { panic("thrown") }, func(_ int, err error) act {
				return func(*Context[act]) error {
					var thrown *PanicError
					require.ErrorAs(t, err, &thrown)
					j.add("%v", thrown.Value)
					return nil
				}
			})
			return nil
		})
		require.Equal(t, []string{"thrown"}, j.take())
		require.Zero(t, ref.actor.more.helpers)
	})
}

// A pipe ends with the incarnation, which waits for it; the result is not wanted any more.
func TestPipeEndsWithTheIncarnation(t *testing.T) {
	for name, end := range map[string]func(*Ref[act]) error{
		"failure": func(ref *Ref[act]) error { return ref.TryTell(func(*Context[act]) error { return errTest }) },
		"stop":    func(ref *Ref[act]) error { ref.actor.order(stop, nil); return nil },
		"kill":    func(ref *Ref[act]) error { ref.actor.kill(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *System) {
				var j journal
				ref := spawn(t, s, "", performer)
				tell(t, ref, func(c *Context[act]) error {
					Pipe(c, func(ctx context.Context) (int, error) {
						<-ctx.Done()
						time.Sleep(time.Second) // it takes its time
						j.add("returned")
						return 1, nil
					}, func(int, error) act { return j.note("result") })
					return nil
				})
				synctest.Wait()
				began := time.Now()
				require.NoError(t, end(ref))
				if name == "failure" {
					tell(t, ref, j.note("next incarnation"))
					time.Sleep(time.Second)
					require.Equal(t, []string{"returned", "next incarnation"}, j.take())
					return
				}
				require.NoError(t, ref.Stop(t.Context()))
				require.Equal(t, time.Second, time.Since(began))
				require.Equal(t, []string{"returned"}, j.take())
			})
		})
	}
}

func TestPipeOfAnActorThatHasStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, s *System) {
		ref := spawn(t, s, "", performer)
		require.NoError(t, ref.Stop(t.Context()))
		Pipe(ref.actor.context, func(context.Context) (int, error) { panic("called") }, func(int, error) act { return nothing })
		synctest.Wait()
	})
}
