package tokenbucket

// Refund gives n tokens back, which were taken and not used. The bucket does not
// hold more than its burst, what is beyond is lost. Calls that wait are served if
// that is enough for them. It panics if n is negative.
func (b *Bucket) Refund(n int) {
	checkTokens(n)
	b.mu.Lock()
	b.enterLocked()
	b.giveBackLocked(product(uint64(n), b.era.Load().token))
	b.leave()
}

// giveBackLocked makes up for so many units, or for all that are missing.
func (b *Bucket) giveBackLocked(units wide) {
	pending, missing := b.missingLocked()
	units = units.min(missing.minus(b.heldLocked()))
	if units == (wide{}) {
		return
	}
	b.full = b.full.minus(units)
	for c := pending; c != nil; c = c.next {
		c.end = c.end.minus(units)
	}
	// It happens before those take anything whose turn is yet to come.
	before := b.claims.last
	if pending != nil {
		before = pending.prev
	}
	if before != nil {
		before.slack = before.slack.min(missing.minus(units).minus(b.heldLocked()))
	}
	for c := before; c != nil; c = c.prev {
		c.end = c.end.min(b.nowLocked().plus(missing.minus(units)))
	}
}

// missingLocked returns the first claim whose turn is yet to come, and how many
// units are missing from the burst if none of those have been taken.
func (b *Bucket) missingLocked() (pending *claim, missing wide) {
	limit := b.nowLocked().plus(b.depthLocked())
	pending = b.claims.first
	for pending != nil && !limit.less(pending.end) {
		pending = pending.next
	}
	full := b.full
	if pending != nil {
		full = pending.end.minus(product(uint64(pending.n), b.era.Load().token))
	}
	return pending, full.minus(b.nowLocked())
}

// SetRate changes the rate, from now on, to rate tokens a second. What the bucket
// holds stays, and calls that wait are served when the new rate has it. With [Inf]
// they are served at once; a bucket whose rate was that is full. It panics if rate
// is negative or not a number.
func (b *Bucket) SetRate(rate float64) {
	checkRate(rate)
	to := scaleOf(rate, room)
	b.mu.Lock()
	b.enterLocked()
	b.serveLocked()
	e := b.era.Load()
	if rate == 0 && e.token > 0 {
		to.token = e.token // so that nothing is rounded
	}
	convert := func(missing wide) wide { return missing.times(to.token, e.token) }
	b.full = convert(b.full.minus(b.nowLocked()))
	b.claims.move(func(at wide) wide { return convert(at.minus(b.nowLocked())) })
	for c := b.claims.first; c != nil; c = c.next {
		c.margin, c.lift, c.slack = convert(c.margin), convert(c.lift), convert(c.slack)
	}
	b.rate = min(rate, Inf)
	b.beginLocked(newEra(to, b.burst, e.base+b.seen))
	b.leave()
}

// SetBurst changes the burst to burst tokens. The bucket holds what it held, or
// the new burst if that is less. Calls that wait for more than that fail with
// [ErrTooLarge]; reservations stay. It panics if burst is below 1.
func (b *Bucket) SetBurst(burst int) {
	checkBurst(burst)
	b.mu.Lock()
	b.enterLocked()
	b.serveLocked()
	e := b.era.Load()
	b.sweepLocked() // those fail with the error of their context
	for c := b.claims.first; c != nil; {
		next := c.next
		if c.waits && c.n > burst && e.token > 0 {
			b.cancelLocked(c)
			b.settleLocked(c, ErrTooLarge)
		}
		c = next
	}
	if burst < b.burst {
		less := product(uint64(b.burst-burst), e.token)
		pending, _ := b.missingLocked()
		for c := b.claims.first; c != pending; c = c.next { // what was there stays there
			c.end = c.end.minus(less)
		}
		b.giveBackLocked(less)
	} else {
		b.noteLocked(b.nowLocked())
		more := product(uint64(burst-b.burst), e.token)
		b.full = b.full.max(b.nowLocked()).plus(more)
		b.claims.move(func(at wide) wide { return at.plus(more) })
	}
	b.burst = burst
	// Another era, as the fast path knows the burst from there.
	now := b.nowLocked()
	b.full = b.full.minus(now)
	b.claims.move(func(at wide) wide { return at.minus(now) })
	b.beginLocked(newEra(e.scale, burst, e.base+b.seen))
	b.leave()
}
