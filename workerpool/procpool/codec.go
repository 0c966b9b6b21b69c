package procpool

import (
	"bytes"
	"encoding/gob"
	"reflect"

	"github.com/interleave-go/interleave/internal/panics"
)

// box is what values travel in: gob encodes neither nil nor a bare pointer to it,
// but a field that holds one.
type box[T any] struct{ V T }

// boxed returns v as the codec takes it: nil for a type that has nothing to send,
// such as struct{}, which gob refuses.
func boxed[T any](v *T) any {
	if reflect.TypeFor[T]().Size() == 0 {
		return nil
	}
	return &box[T]{*v}
}

// unboxed decodes a value by means of decode.
func unboxed[T any](decode func(any) error) (T, error) {
	var b box[T]
	if reflect.TypeFor[T]().Size() == 0 {
		return b.V, decode(nil)
	}
	err := decode(&b)
	return b.V, err
}

// An encoder writes the values of one direction as one gob stream, so that a type
// is described once. It appends frames to out, which its owner sends and empties.
//
// A value that cannot be encoded may leave descriptions of types behind that gob
// believes to be sent. So the frame is dropped and a new stream is begun.
type encoder struct {
	out []byte
	gob *gob.Encoder // nil: the next frame begins a new stream
}

// Write implements io.Writer for gob.
func (e *encoder) Write(b []byte) (int, error) {
	e.out = append(e.out, b...)
	return len(b), nil
}

// append appends a frame of the value to out, or nothing if it fails.
func (e *encoder) append(kind byte, flags byte, id uint64, a, b int64, name string, v any) (err error) {
	start := len(e.out)
	e.out = openFrame(e.out, kind, id, a, b, name)
	defer func() {
		if r := recover(); r != nil { // in a GobEncode of the user
			err = panics.New(r)
		}
		if err == nil {
			err = closeFrame(e.out, start, flags)
		}
		if err != nil {
			e.out, e.gob = e.out[:start], nil
		}
	}()
	if v == nil {
		return nil
	}
	if e.gob == nil {
		e.gob = gob.NewEncoder(e)
		flags |= fresh
	}
	return e.gob.Encode(v)
}

// appendText appends a frame whose payload is text.
func (e *encoder) appendText(kind byte, flags byte, id uint64, a int64, name string, text ...string) {
	start := len(e.out)
	e.out = openFrame(e.out, kind, id, a, 0, name)
	for _, t := range text {
		e.out = append(e.out, t[:min(len(t), maxKept)]...)
	}
	_ = closeFrame(e.out, start, flags) // it is not that long
}

// A decoder reads what an encoder wrote.
type decoder struct {
	payload bytes.Reader
	gob     *gob.Decoder
	bad     bool // something could not be decoded: ask for a new stream
}

// decode decodes the payload of f into v, or skips it if v is nil. Every payload
// has to be decoded or skipped, in the order in which they were encoded, since it
// may describe a type that later ones have.
func (d *decoder) decode(f frame, v any) (err error) {
	if len(f.payload) == 0 {
		return nil
	}
	ok := false
	defer func() {
		if !ok || err != nil { // !ok: a GobDecode of the user panics
			d.bad = true
		}
	}()
	d.payload.Reset(f.payload)
	if f.flags&fresh != 0 || d.gob == nil {
		d.gob = gob.NewDecoder(&d.payload)
	}
	err = d.gob.Decode(v)
	ok = true
	return err
}

// asksRenewal returns the flag that asks for a new stream, if that is necessary.
func (d *decoder) asksRenewal() byte {
	if !d.bad {
		return 0
	}
	d.bad = false
	return renew
}
