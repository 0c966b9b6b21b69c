package taskgroup

// saysOnly reports whether err, however wrapped, says no more than ctxErr, which is
// context.Canceled or context.DeadlineExceeded.
func saysOnly(err, ctxErr error) bool {
	if err == ctxErr {
		return true
	}
	switch err := err.(type) {
	case *PanicError:
		return false // whatever it panicked with
	case interface{ Unwrap() error }:
		inner := err.Unwrap()
		return inner != nil && saysOnly(inner, ctxErr)
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if inner != nil && !saysOnly(inner, ctxErr) {
				return false
			}
		}
		return len(err.Unwrap()) > 0
	}
	return false
}
