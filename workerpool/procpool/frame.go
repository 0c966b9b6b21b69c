package procpool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// What a frame is about. Those from the pool come first, then those from a worker.
const (
	helloFrame  = iota + 1 // a: memory limit in bytes, b: limit of CPU time in ns; the first frame
	taskFrame              // name: function, payload: request, a and b: see task
	cancelFrame            // end the tasks up to id
	doneFrame              // payload: reply; a: CPU time used by the worker so far
	errorFrame             // name: type of the error, payload: its text
	panicFrame             // payload: what it panicked with, then from a on the stack
	goexitFrame
	undefinedFrame // the worker has no such function
	notRunFrame    // the task was ended before it was begun
)

const (
	// fresh says that the payload begins a new gob stream.
	fresh = 1 << iota
	// renew asks for a new gob stream in the other direction.
	renew
	// canceled and deadline say which error of a context the error matches, or
	// which one ends the task.
	canceled
	deadline
	// ended says that the task's context had ended when the task failed.
	ended
)

const (
	headerSize = 32
	// maxKept is the capacity up to which a buffer is kept for the next frame.
	maxKept = 1 << 20
)

// A frame is one message. The length of the payload is in the header, so that a
// payload that makes no sense is skipped, and the next frame is found.
type frame struct {
	kind, flags byte
	id          uint64
	a, b        int64
	name        []byte
	payload     []byte
}

// openFrame appends to out the beginning of a frame. What is appended next is its
// payload; closeFrame has to follow.
func openFrame(out []byte, kind byte, id uint64, a, b int64, name string) []byte {
	name = name[:min(len(name), math.MaxUint16)]
	out = append(out, kind, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(name)))
	out = append(out, 0, 0, 0, 0)
	out = binary.LittleEndian.AppendUint64(out, id)
	out = binary.LittleEndian.AppendUint64(out, uint64(a))
	out = binary.LittleEndian.AppendUint64(out, uint64(b))
	return append(out, name...)
}

var errTooLarge = errors.New("procpool: a message of 4 GiB or more")

// closeFrame completes the frame that begins at start and ends where out does.
func closeFrame(out []byte, start int, flags byte) error {
	name := int(binary.LittleEndian.Uint16(out[start+2:]))
	size := len(out) - start - headerSize - name
	if uint64(size) > math.MaxUint32 {
		return errTooLarge
	}
	out[start+1] = flags
	binary.LittleEndian.PutUint32(out[start+4:], uint32(size))
	return nil
}

// readFrame reads a frame whose name and payload are put into space, if there is
// room.
func readFrame(r *bufio.Reader, space []byte) (frame, error) {
	h, err := r.Peek(headerSize)
	if err != nil {
		return frame{}, err
	}
	f := frame{
		kind: h[0], flags: h[1],
		id: binary.LittleEndian.Uint64(h[8:]),
		a:  int64(binary.LittleEndian.Uint64(h[16:])),
		b:  int64(binary.LittleEndian.Uint64(h[24:])),
	}
	name := int(binary.LittleEndian.Uint16(h[2:]))
	size := name + int(binary.LittleEndian.Uint32(h[4:]))
	_, _ = r.Discard(headerSize) // it has just been peeked at
	body := space[:0]
	for len(body) < size {
		// Memory grows with what arrives, not with what the header promises.
		part := min(size-len(body), maxKept)
		body = slices.Grow(body, part)
		n, err := io.ReadFull(r, body[len(body):len(body)+part])
		if err != nil {
			return frame{}, err
		}
		body = body[:len(body)+n]
	}
	f.name, f.payload = body[:name], body[name:]
	return f, nil
}

// kept returns buf, emptied, or nil if it is so large that keeping it would be a
// waste.
func kept(buf []byte) []byte {
	if cap(buf) > maxKept {
		return nil
	}
	return buf[:0]
}
