package retry

import "time"

// Permanent marks err as one that another attempt cannot mend: Do returns after
// it. The mark holds for that Do only: when its [*Error] comes back from an
// attempt of an outer Do, that goes on. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, permanent: true}
}

// After marks err with how long to pause before the next attempt, in place of
// the policy's delay and without jitter, as when a server answers with
// Retry-After. The pause is bounded by Policy.MaxDelay; Policy.StrictAfter gives
// up instead. A negative d counts as zero. After(nil, d) is nil.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &marked{error: err, after: max(0, d)}
}

type marked struct {
	error
	permanent bool
	after     time.Duration
}

func (m *marked) Unwrap() error { return m.error }

// unmark returns what the user marked: the mark itself is no news.
func unmark(err error) error {
	if m, ok := err.(*marked); ok {
		return m.error
	}
	return err
}

// find returns the outermost mark in err that was not meant for a Do inside the
// attempt that returned err, and the [*Error] of such a Do, or nil. It looks no
// further than a mark.
func find(err error) (mark *marked, inner *Error) {
	switch err := err.(type) {
	case *marked:
		return err, nil
	case *Error:
		return nil, err
	case interface{ Unwrap() error }:
		return find(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range err.Unwrap() {
			m, e := find(err)
			if m != nil {
				return m, nil
			}
			if inner == nil {
				inner = e
			}
		}
	}
	return nil, inner
}
