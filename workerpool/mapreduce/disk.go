package mapreduce

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// A disk is where files are.
type disk interface {
	makeDir(parent string) (dir string, err error)
	create(path string) (io.WriteCloser, error)
	open(path string) (readFile, error)
	remove(path string) error
	removeAll(dir string) error
}

type readFile interface {
	io.ReaderAt
	io.Closer
}

// osDisk is that of the operating system.
type osDisk struct{}

func (osDisk) makeDir(parent string) (string, error)      { return os.MkdirTemp(parent, "mapreduce-") }
func (osDisk) create(path string) (io.WriteCloser, error) { return os.Create(path) }
func (osDisk) open(path string) (readFile, error)         { return os.Open(path) }
func (osDisk) remove(path string) error                   { return os.Remove(path) }
func (osDisk) removeAll(dir string) error                 { return os.RemoveAll(dir) }

// A store is the files of a run, in a directory that is made for the first of them.
type store struct {
	disk   disk
	parent string

	mu    sync.Mutex // guards the fields below, and is held while dir is made
	dir   string     // "": none yet
	files int        // created so far
	open  []readFile // to be closed before they are removed
}

// create creates a file.
func (s *store) create() (path string, w io.WriteCloser, err error) {
	if path, err = s.path(); err != nil {
		return "", nil, fileError(err)
	}
	if w, err = s.disk.create(path); err != nil {
		return "", nil, fileError(err)
	}
	return path, w, nil
}

func (s *store) path() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		dir, err := s.disk.makeDir(s.parent)
		if err != nil {
			return "", err
		}
		s.dir = dir
	}
	s.files++
	return filepath.Join(s.dir, strconv.Itoa(s.files)), nil
}

// removeAll removes all files. It can be called again.
func (s *store) removeAll() error {
	for _, f := range s.open {
		f.Close() // it was read: what can fail has not mattered
	}
	s.open = nil
	if s.dir == "" {
		return nil
	}
	dir := s.dir
	s.dir = ""
	if err := s.disk.removeAll(dir); err != nil {
		return fileError(err)
	}
	return nil
}
