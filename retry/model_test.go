package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/interleave-go/interleave/retry"
)

const ms = time.Millisecond

// scene is a policy, a caller and what becomes of each attempt.
type scene struct {
	policy   retry.Policy
	cancel   time.Duration // when the caller cancels; zero for never
	deadline time.Duration // of the caller; zero for none
	attempts []attempt     // the last one goes on for ever
}

type attempt struct {
	took time.Duration
	err  error // nil if it succeeds; marked as the function returns it
}

// wanted is what the calls of a scene come to.
type wanted struct {
	began    []time.Duration
	end      time.Duration
	ok       bool
	last     error
	cause    error
	pauses   []time.Duration
	failures int
}

// never is later than everything.
const never = time.Duration(math.MaxInt64)

// model is the loop without contexts, timers and hooks: it adds up times.
func (s *scene) model() (w wanted) {
	cancel, deadline, elapsed := never, never, never
	if s.cancel > 0 {
		cancel = s.cancel
	}
	if s.deadline > 0 {
		deadline = s.deadline
	}
	if s.policy.MaxElapsed > 0 {
		elapsed = s.policy.MaxElapsed
	}
	ended := func(now time.Duration) error {
		switch {
		case now >= cancel && cancel < deadline:
			return context.Canceled
		case now >= deadline:
			return context.DeadlineExceeded
		}
		return nil
	}
	now, spent := time.Duration(0), time.Duration(0)
	for n := 0; ; n++ {
		a := s.attempts[min(n, len(s.attempts)-1)]
		w.began = append(w.began, now)
		until, err, mark := now+a.took, a.err, a.err
		limit := min(elapsed, cancel, deadline)
		if s.policy.AttemptTimeout > 0 {
			limit = min(limit, now+s.policy.AttemptTimeout)
		}
		if until > limit {
			until, err = limit, context.DeadlineExceeded
			if limit == cancel {
				err = context.Canceled
			}
			mark = err
		}
		spent += until - now
		now = until
		w.end = now
		if err == nil {
			w.ok = true
			return w
		}
		w.failures++
		permanent, after, plain := unmarked(mark)
		w.last = plain
		if w.cause = ended(now); w.cause != nil {
			return w
		}
		if permanent || after < 0 && s.policy.Retryable != nil && !s.policy.Retryable(plain) {
			return w
		}
		if n+1 == s.policy.MaxAttempts {
			return w
		}
		pause := after
		if after < 0 {
			pause = min(s.policy.MaxDelay, s.policy.BaseDelay<<n)
		} else if after > s.policy.MaxDelay {
			if s.policy.StrictAfter {
				w.cause = &retry.TooLongError{Asked: after, Max: s.policy.MaxDelay}
				return w
			}
			pause = s.policy.MaxDelay
		}
		first, why := deadline, context.DeadlineExceeded
		if elapsed < deadline {
			first, why = elapsed, retry.ErrElapsed
		}
		mean := spent / time.Duration(n+1)
		if first != never && (pause > 0 && (first-now <= pause || first-now-pause < mean) || now >= elapsed && why == retry.ErrElapsed) {
			w.cause = why
			return w
		}
		w.pauses = append(w.pauses, pause)
		if now+pause > cancel {
			now = cancel
			w.end = now
			w.cause = ended(now)
			return w
		}
		now += pause
	}
}

// unmarked returns what was put into an error by the scene.
func unmarked(err error) (permanent bool, after time.Duration, plain error) {
	if m, ok := err.(marking); ok {
		return m.permanent, m.after, m.plain
	}
	return false, -1, err
}

// marking is an error that a scene marks when the function returns it.
type marking struct {
	permanent bool
	after     time.Duration
	plain     error
}

func (m marking) Error() string { return m.plain.Error() }

func mark(err error) error {
	m, ok := err.(marking)
	switch {
	case !ok:
		return err
	case m.permanent:
		return retry.Permanent(m.plain)
	default:
		return retry.After(m.plain, m.after)
	}
}

// run makes the calls and holds them to the model, by Do or by Attempts.
func (s *scene) run(t *testing.T, loop bool) {
	w := s.model()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if s.deadline > 0 {
			ctx, cancel = context.WithTimeout(ctx, s.deadline)
			defer cancel()
		}
		if s.cancel > 0 {
			stop := time.AfterFunc(s.cancel, cancel)
			defer stop.Stop()
		}
		var began, slept []time.Duration
		succeeded, gaveUp := 0, 0
		p := s.policy
		p.OnRetry = func(_ context.Context, attempt int, err error, pause time.Duration) {
			require.Equal(t, len(began), attempt)
			slept = append(slept, pause)
		}
		p.OnSuccess = func(_ context.Context, n int) { succeeded = n }
		p.OnGiveUp = func(_ context.Context, err *retry.Error) { gaveUp = err.Attempts }
		fn := func(ctx context.Context) error {
			require.NoError(t, ctx.Err())
			a := s.attempts[min(len(began), len(s.attempts)-1)]
			began = append(began, time.Since(start))
			timer := time.NewTimer(a.took)
			defer timer.Stop()
			select {
			case <-timer.C:
				return mark(a.err)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var err error
		if loop {
			var last *retry.Attempt
			for a := range p.Attempts(ctx) {
				last = a
				a.Fail(fn(a.Context()))
			}
			err = last.Err()
		} else {
			err = retry.Do(ctx, p, fn)
		}
		about := fmt.Sprintf("%+v\nmodel %+v\ngot %v, began %v", s, w, err, began)
		require.Equal(t, w.end, time.Since(start), about)
		require.Equal(t, w.began, began, about)
		require.Equal(t, w.pauses, slept, about)
		if w.ok {
			require.NoError(t, err, about)
			require.Equal(t, len(began), succeeded)
			require.Zero(t, gaveUp)
			return
		}
		e := requireError(t, err, len(began), w.last, w.cause)
		require.Equal(t, e.Attempts, gaveUp)
		require.Zero(t, succeeded)
	})
}

// sceneOf makes a scene of bytes. Nothing in it ends at the same instant as
// anything else: what the caller does is not at a whole millisecond.
func sceneOf(kind uint64, steps []byte) *scene {
	s := &scene{policy: retry.Policy{
		MaxAttempts: int(kind%6) + 1,
		BaseDelay:   time.Duration(kind>>4%7) * 3 * ms,
		MaxDelay:    time.Duration(kind>>8%16+1) * 10 * ms,
		Jitter:      retry.NoJitter,
		StrictAfter: kind>>12&1 == 1,
	}}
	if s.policy.BaseDelay == 0 {
		s.policy.BaseDelay = ms
	}
	if kind>>13&1 == 1 {
		s.policy.AttemptTimeout = time.Duration(kind>>14%32)*ms + 300*time.Microsecond
	}
	if kind>>20&1 == 1 {
		s.policy.MaxElapsed = time.Duration(kind>>21%128)*ms + 200*time.Microsecond
	}
	if kind>>28&1 == 1 {
		s.cancel = time.Duration(kind>>29%128)*ms + 100*time.Microsecond
	}
	if kind>>36&1 == 1 {
		s.deadline = time.Duration(kind>>37%128)*ms + 150*time.Microsecond
	}
	if kind>>44&1 == 1 {
		s.policy.Retryable = func(err error) bool { return !errors.Is(err, io.EOF) }
	}
	for _, step := range steps {
		a := attempt{took: time.Duration(step>>3) * ms, err: errFlaky}
		if a.took > 20*ms {
			a.took = 0
		}
		switch step & 7 {
		case 0:
			a.err = nil
		case 1:
			a.err = marking{permanent: true, plain: io.EOF}
		case 2:
			a.err = marking{after: time.Duration(step) * ms, plain: errFlaky}
		case 3:
			a.err = io.EOF
		}
		s.attempts = append(s.attempts, a)
	}
	return s
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(uint64(0x35), []byte{0x0c, 0x14, 0x22, 0x08})
	f.Add(uint64(0x1000_0000_0245), []byte{0x0c, 0x1b})
	f.Add(uint64(0x0015_0012_a345), []byte{0xfc, 0x7a, 0x04})
	f.Fuzz(func(t *testing.T, kind uint64, steps []byte) {
		if len(steps) == 0 {
			return
		}
		s := sceneOf(kind, steps[:min(len(steps), 8)])
		s.run(t, false)
		s.run(t, true)
	})
}

func TestRandomScenesAgainstModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range 4000 {
		steps := make([]byte, 1+rng.IntN(6))
		for i := range steps {
			steps[i] = byte(rng.Uint32())
		}
		sceneOf(rng.Uint64(), steps).run(t, i%2 == 1)
	}
}
