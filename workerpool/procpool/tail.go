package procpool

import (
	"bytes"
	"io"
	"sync"
)

const (
	maxTail   = 8 << 10
	maxReason = 256
)

// A tail keeps the last part of what is written to it, and passes all of it on.
type tail struct {
	to io.Writer

	mu   sync.Mutex // guards what follows
	buf  []byte     // the last maxTail bytes
	line []byte     // the beginning of the line that is being written
	// reason is the last line that is not empty, or if fatal the one in which the
	// runtime said why the process ends. The stacks that follow it can be longer
	// than any buffer.
	reason []byte
	fatal  bool
}

// Write implements io.Writer. An error of the writer behind it is not reported: the
// worker must not be kept from writing by it.
func (t *tail) Write(b []byte) (int, error) {
	t.keep(b)
	_, _ = t.to.Write(b)
	return len(b), nil
}

func (t *tail) keep(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range bytes.Lines(b) {
		t.line = append(t.line, line[:min(len(line), maxReason-len(t.line))]...)
		if line[len(line)-1] == '\n' {
			t.endLineLocked()
		}
	}
	b = b[max(0, len(b)-maxTail):]
	over := max(0, len(t.buf)+len(b)-maxTail)
	t.buf = append(t.buf[:copy(t.buf, t.buf[over:])], b...)
}

func (t *tail) endLineLocked() {
	line := bytes.TrimSpace(t.line)
	t.line = t.line[:0]
	fatal := saysWhy(line)
	if fatal || !t.fatal && len(line) > 0 {
		t.reason = append(t.reason[:0], line...)
		t.fatal = fatal
	}
}

// saysWhy reports whether line is one with which the runtime begins its last words.
func saysWhy(line []byte) bool {
	for _, prefix := range []string{"panic: ", "fatal error: ", "runtime/cgo: "} {
		if bytes.HasPrefix(line, []byte(prefix)) {
			return true
		}
	}
	return false
}

// last returns the reason and the tail.
func (t *tail) last() (string, []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLineLocked()
	return string(t.reason), bytes.Clone(t.buf)
}
