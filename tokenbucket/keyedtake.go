package tokenbucket

import (
	"context"

	"github.com/interleave-go/interleave/internal/explore"
)

// Take takes n tokens of key. It is [Bucket.Take] of the key's bucket.
func (k *Keyed[K]) Take(ctx context.Context, key K, n int) error {
	checkTokens(n)
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.TryTake(key, n) {
		return nil
	}
	if n > k.burst {
		return ErrTooLarge
	}
	hash := k.hash(key)
	s := k.shard(hash)
	explore.Point("tokenbucket: about to wait for a key")
	s.lock()
	b := k.enterLocked(s, key, hash)
	s.mu.Unlock()
	err := b.Take(ctx, n)
	explore.Point("tokenbucket: about to leave a key")
	s.lock()
	k.leaveLocked(s, key, hash, b)
	s.mu.Unlock()
	return err
}

// enterLocked returns the bucket of key for a call that may have to wait.
func (k *Keyed[K]) enterLocked(s *shard[K], key K, hash uint64) *busy {
	b := s.busy[key]
	if b == nil {
		now, _ := k.nowLocked(s, clock())
		var missing uint64
		slot := s.table.find(key, hash)
		if slot == nil {
			slot = s.table.insert(key, hash, elsewhere, now, k.hash)
		} else if slot.full > now {
			missing = slot.full - now
		}
		slot.full = elsewhere
		if b, s.spare = s.spare, nil; b == nil {
			b = &busy{Bucket: newBucket(k.rate, k.burst, k.scale)}
		}
		b.mu.Lock()
		b.enterLocked()
		b.full = b.nowLocked().plus(wide{0, missing})
		b.leave()
		if s.busy == nil {
			s.busy = make(map[K]*busy)
		}
		s.busy[key] = b
	}
	b.calls++
	s.calls++
	return b
}

// leaveLocked ends a call. With the last one the bucket goes back to the table.
func (k *Keyed[K]) leaveLocked(s *shard[K], key K, hash uint64, b *busy) {
	s.calls--
	if b.calls--; b.calls > 0 {
		return
	}
	delete(s.busy, key)
	s.spare = b
	missing, _ := b.missing()
	now, _ := k.nowLocked(s, clock())
	s.table.find(key, hash).full = max(1, now+missing)
}
