package tokenbucket

import (
	"context"
	"io"
	"math"
)

// NewReader returns a Reader that reads from r and takes a token of b for each
// byte, before it returns it. A Read reads at most the burst, and blocks until the
// bucket has a token for each byte it got, or until ctx ends: then it returns the
// bytes with the error of [Bucket.Take], so that none are lost. Once ctx has ended
// nothing is read any more.
func NewReader(ctx context.Context, r io.Reader, b *Bucket) io.Reader {
	return &reader{ctx, r, b}
}

type reader struct {
	ctx context.Context
	r   io.Reader
	b   *Bucket
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p[:min(len(p), r.b.atOnce())])
	for left := n; left > 0; {
		part, e := r.b.takeSome(r.ctx, left)
		if e != nil {
			return n, e
		}
		left -= part
	}
	return n, err
}

// NewWriter returns a Writer that writes to w and takes a token of b for each byte
// before it writes it. A Write of more than the burst is several of w. It blocks
// until all is written or ctx ends: then it returns the error of [Bucket.Take],
// and how much was written. Tokens of bytes that w did not write are given back.
func NewWriter(ctx context.Context, w io.Writer, b *Bucket) io.Writer {
	return &writer{ctx, w, b}
}

type writer struct {
	ctx context.Context
	w   io.Writer
	b   *Bucket
}

func (w *writer) Write(p []byte) (written int, err error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	for len(p) > 0 {
		part, err := w.b.takeSome(w.ctx, len(p))
		if err != nil {
			return written, err
		}
		n, err := w.w.Write(p[:part])
		written += n
		if n < part {
			w.b.Refund(part - n)
			if err == nil {
				err = io.ErrShortWrite
			}
		}
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// takeSome takes n tokens, or as many as can be taken at once, and returns how
// many.
func (b *Bucket) takeSome(ctx context.Context, n int) (int, error) {
	for {
		part := min(n, b.atOnce())
		if err := b.Take(ctx, part); err != ErrTooLarge { // the burst has become smaller
			return part, err
		}
	}
}

// atOnce returns how many tokens can be taken at once.
func (b *Bucket) atOnce() int {
	if st := b.Stats(); st.Rate < Inf {
		return st.Burst
	}
	return math.MaxInt
}
