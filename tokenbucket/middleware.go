package tokenbucket

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Middleware returns what wraps an [http.Handler] so that it gets no more requests
// than the buckets allow. key says whose bucket a request takes a token from: that
// of a user, say, or of an address. To have one for all, let it return struct{}{}.
//
// A request beyond the rate is answered at once with 429 Too Many Requests and
// with Retry-After. All answers say how the client stands, once in the headers of
// draft-ietf-httpapi-ratelimit-headers as it is now, RateLimit and
// RateLimit-Policy, and once in those that it began with and that most clients
// read, RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset. The quota is the
// burst, and it is reset when the bucket is full again.
func Middleware[K comparable](k *Keyed[K], key func(*http.Request) K) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := key(r)
			ok := k.TryTake(id, 1)
			look := k.look(id, 1)
			k.describe(w.Header(), look)
			if ok {
				next.ServeHTTP(w, r)
				return
			}
			if look.next < far {
				w.Header().Set("Retry-After", strconv.FormatInt(max(1, seconds(look.next)), 10))
			}
			http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
		})
	}
}

func (k *Keyed[K]) describe(h http.Header, look outlook) {
	if k.token == 0 {
		return // no limit
	}
	left, reset := int64(look.tokens), seconds(look.full)
	h.Set("RateLimit-Limit", strconv.Itoa(k.burst))
	h.Set("RateLimit-Remaining", strconv.FormatInt(left, 10))
	h.Set("RateLimit-Reset", strconv.FormatInt(reset, 10))
	h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, reset))
	policy := fmt.Sprintf(`"default";q=%d`, k.burst)
	if window := math.Ceil(float64(k.burst) / k.rate); window < 1e15 { // what such a field can hold
		policy += fmt.Sprintf(";w=%d", max(1, int64(window)))
	}
	h.Set("RateLimit-Policy", policy)
}

// seconds returns d in whole seconds, rounded up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
