package mapreduce

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"

	"github.com/interleave-go/interleave/internal/explore"
)

// A sorted run is a file of pairs, sorted by partition, key and input. The pairs of a
// partition are its segment.
type sorted struct {
	path     string
	segments []segment
}

type segment struct {
	begin, length int64 // in bytes
	pairs         int
}

// A format says how a segment is written: pair by pair, a byte that says whether the key
// differs from the one before, then that key if it does, then the number of the input if
// the order of values matters, then the value.
type format[K cmp.Ordered, V any] struct {
	key     codec[K]
	value   codec[V]
	ordered bool
}

func newFormat[K cmp.Ordered, V any](ordered bool) format[K, V] {
	return format[K, V]{newCodec[K](), newCodec[V](), ordered}
}

const (
	sameKey = 0
	newKey  = 1
)

const writeBuffer = 64 << 10

// write makes a run of what fill writes for each partition.
func (r *run[I, K, V, R]) write(fill func(w *recordWriter[K, V], partition int) error) (*sorted, error) {
	explore.Point("mapreduce: about to create a file")
	path, file, err := r.files.create()
	if err != nil {
		return nil, err
	}
	done := false
	defer func() {
		if !done { // also when fill, which may call code of the user, panics
			file.Close()
		}
	}()
	w := &counter{w: bufio.NewWriterSize(file, writeBuffer)}
	run := &sorted{path: path}
	for partition := range r.Partitions {
		begin := w.n
		records := r.format.writer(w)
		if err := fill(records, partition); err != nil {
			return nil, err
		}
		run.segments = append(run.segments, segment{begin, w.n - begin, records.n})
	}
	if err := w.w.Flush(); err != nil {
		return nil, fileError(err)
	}
	done = true
	explore.Point("mapreduce: about to close a file")
	if err := file.Close(); err != nil {
		return nil, fileError(err)
	}
	r.written.Add(1)
	r.spilled.Add(w.n)
	return run, nil
}

// A counter counts the bytes written to it.
type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// A recordWriter writes the pairs of a segment.
type recordWriter[K cmp.Ordered, V any] struct {
	w       *counter
	key     func(*K) error
	value   func(*V) error
	ordered bool
	last    K
	n       int // pairs written
	scratch []byte
}

func (f format[K, V]) writer(w *counter) *recordWriter[K, V] {
	return &recordWriter[K, V]{w: w, key: f.key.encoder(w), value: f.value.encoder(w), ordered: f.ordered}
}

func (w *recordWriter[K, V]) write(p *pair[K, V]) error {
	isNew := w.n == 0 || cmp.Compare(p.key, w.last) != 0
	b := w.scratch[:0]
	if isNew {
		b = append(b, newKey)
	} else {
		b = append(b, sameKey)
	}
	_, err := w.w.Write(b)
	if isNew && err == nil {
		w.last = p.key
		err = w.key(&p.key)
	}
	if w.ordered && err == nil {
		b = binary.AppendUvarint(b[:0], uint64(p.input))
		_, err = w.w.Write(b)
	}
	if err == nil {
		err = w.value(&p.value)
	}
	w.scratch = b
	w.n++
	if err != nil {
		return fileError(err)
	}
	return nil
}

// cursor returns the pairs of a segment of a file, which are read by so many bytes.
func (f format[K, V]) cursor(file io.ReaderAt, s segment, buffer int) *cursor[K, V] {
	r := bufio.NewReaderSize(io.NewSectionReader(file, s.begin, s.length), buffer)
	key, value := f.key.decoder(r, s.length), f.value.decoder(r, s.length)
	left := s.pairs
	readPair := func(p *pair[K, V]) error {
		b, err := r.ReadByte()
		if err == nil && b == newKey {
			err = key(&p.key)
		}
		if f.ordered && err == nil {
			var n uint64
			n, err = binary.ReadUvarint(r)
			p.input = int(n)
		}
		if err == nil {
			err = value(&p.value)
		}
		return err
	}
	return &cursor[K, V]{read: func(p *pair[K, V]) (bool, error) {
		if left == 0 {
			return false, nil
		}
		left--
		err := readPair(p)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return false, fileError(err)
		}
		return true, nil
	}}
}
