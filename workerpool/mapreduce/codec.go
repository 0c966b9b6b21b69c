package mapreduce

import (
	"bufio"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"io"
	"math"
	"reflect"
)

// A codec writes values of a type to a file, and reads them. Numbers, strings and booleans
// have a short form, of which all keys are; for the rest there is gob.
type codec[T any] struct{ kind reflect.Kind }

func newCodec[T any]() codec[T] {
	t := reflect.TypeFor[T]()
	if t.Size() == 0 {
		return codec[T]{}
	}
	switch kind := t.Kind(); kind {
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		return codec[T]{kind}
	}
	return codec[T]{reflect.Interface} // that is, gob
}

// A box makes of any value one that gob can encode: alone, a nil pointer is not.
type box[T any] struct{ V T }

// encoder returns a function that writes values to w.
func (c codec[T]) encoder(w io.Writer) func(v *T) error {
	switch c.kind {
	case reflect.Invalid:
		return func(*T) error { return nil }
	case reflect.Interface:
		enc := gob.NewEncoder(w)
		return func(v *T) error { return enc.Encode(box[T]{*v}) }
	}
	var b []byte
	return func(v *T) error {
		b = c.append(b[:0], v)
		_, err := w.Write(b)
		return err
	}
}

func (c codec[T]) append(b []byte, value *T) []byte {
	if s, ok := any(value).(*string); ok { // faster than what follows
		return append(binary.AppendUvarint(b, uint64(len(*s))), *s...)
	}
	v := reflect.ValueOf(value).Elem()
	switch {
	case c.kind == reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case c.kind == reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case v.CanInt():
		return binary.AppendVarint(b, v.Int())
	case v.CanUint():
		return binary.AppendUvarint(b, v.Uint())
	default:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float()))
	}
}

// decoder returns a function that reads values from r, no one of which is longer than limit bytes.
func (c codec[T]) decoder(r *bufio.Reader, limit int64) func(v *T) error {
	switch c.kind {
	case reflect.Invalid:
		return func(*T) error { return nil }
	case reflect.Interface:
		dec := gob.NewDecoder(r)
		return func(v *T) error {
			var b box[T] // fresh: gob leaves fields that are zero as they are
			err := dec.Decode(&b)
			*v = b.V
			return err
		}
	}
	return func(v *T) error { return c.read(r, limit, reflect.ValueOf(v).Elem()) }
}

var errCorrupt = errors.New("not what was written")

func (c codec[T]) read(r *bufio.Reader, limit int64, v reflect.Value) error {
	switch {
	case c.kind == reflect.Bool:
		b, err := r.ReadByte()
		v.SetBool(b != 0)
		return err
	case c.kind == reflect.String:
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		if n > uint64(limit) {
			return errCorrupt
		}
		b := make([]byte, n)
		_, err = io.ReadFull(r, b)
		v.SetString(string(b))
		return err
	case v.CanInt():
		n, err := binary.ReadVarint(r)
		v.SetInt(n)
		return err
	case v.CanUint():
		n, err := binary.ReadUvarint(r)
		v.SetUint(n)
		return err
	default:
		var b [8]byte
		_, err := io.ReadFull(r, b[:])
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b[:])))
		return err
	}
}
