package mapreduce

import (
	"bytes"
	"io"
	"io/fs"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A fakeDisk keeps files in memory, counts those that are open, and fails where it is told to.
type fakeDisk struct {
	// fail returns the error that an operation is to fail with: makeDir, create, write,
	// close, open, read, remove, removeAll. nil: none fails.
	fail func(op string) error

	mu           sync.Mutex
	dirs         int
	files        map[string]*bytes.Buffer
	opened, most int
}

// newFakeDisk returns a disk that has to be empty, and without open files, at the end of the test.
func newFakeDisk(t testing.TB) *fakeDisk {
	d := &fakeDisk{files: map[string]*bytes.Buffer{}}
	t.Cleanup(func() { d.requireEmpty(t) })
	return d
}

func (d *fakeDisk) requireEmpty(t testing.TB) {
	require.Empty(t, d.files)
	require.Zero(t, d.dirs)
	require.Zero(t, d.opened)
}

func (d *fakeDisk) failing(op string) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(op)
}

// opens counts a file that was opened, or closed if n is -1.
func (d *fakeDisk) opens(n int) {
	d.opened += n
	d.most = max(d.most, d.opened)
}

func (d *fakeDisk) makeDir(string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.failing("makeDir")
	if err == nil {
		d.dirs++
	}
	return "dir", err
}

func (d *fakeDisk) create(path string) (io.WriteCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failing("create"); err != nil {
		return nil, err
	}
	d.opens(1)
	d.files[path] = &bytes.Buffer{}
	return &fakeFile{d: d, b: d.files[path], closing: "close"}, nil
}

func (d *fakeDisk) open(path string) (readFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.failing("open"); err != nil {
		return nil, err
	}
	if d.files[path] == nil {
		return nil, fs.ErrNotExist
	}
	d.opens(1)
	return &fakeFile{d: d, b: d.files[path]}, nil
}

func (d *fakeDisk) remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[path] == nil {
		return fs.ErrNotExist
	}
	delete(d.files, path)
	return d.failing("remove")
}

func (d *fakeDisk) removeAll(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirs--
	if d.opened > 0 {
		return fs.ErrInvalid // as some systems have it
	}
	clear(d.files)
	return d.failing("removeAll")
}

type fakeFile struct {
	d       *fakeDisk
	b       *bytes.Buffer
	closing string // operation
}

func (f *fakeFile) Write(b []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.failing("write"); err != nil {
		return 0, err
	}
	return f.b.Write(b)
}

func (f *fakeFile) ReadAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.failing("read"); err != nil {
		return 0, err
	}
	return bytes.NewReader(f.b.Bytes()).ReadAt(b, at)
}

func (f *fakeFile) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.opens(-1)
	return f.d.failing(f.closing)
}
