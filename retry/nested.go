package retry

import "context"

// nested is the context of an attempt after the first: it tells a Do within that
// somebody retries already. That of the first attempt is the caller's own, since a
// call that succeeds at once is not to allocate.
type nested struct{ context.Context }

type nestedKey struct{}

func (n nested) Value(key any) any {
	if key == (nestedKey{}) {
		return true
	}
	return n.Context.Value(key)
}

// nestedBackground saves programs without a context of their own the allocation.
var nestedBackground context.Context = nested{context.Background()}

func nestedIn(ctx context.Context) context.Context {
	if ctx == context.Background() {
		return nestedBackground
	}
	return nested{ctx}
}

func isNested(ctx context.Context) bool { return ctx.Value(nestedKey{}) != nil }
