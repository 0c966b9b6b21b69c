package tokenbucket

// An Option changes what New makes.
type Option func(*options)

type options struct{ initial int }

// Initial is how many tokens a bucket holds to begin with, at most the burst.
// Without it a bucket starts full, which lets a client that is restarted often
// exceed its rate. It panics if n is negative.
func Initial(n int) Option {
	checkTokens(n)
	return func(o *options) { o.initial = n }
}
