package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// chunkSize is about how many bytes are counted at a time. A large file is as many
// chunks, so that all workers count it.
const chunkSize = 1 << 20

// longest is how long a run of letters can be that is not cut.
const longest = 1 << 20

// A chunk is a part of a file, at the ends of which no word is parted.
type chunk struct {
	name       string
	begin, end int64  // in the file
	data       []byte // what was read already
	err        error  // why the file, or the rest of it, cannot be read
}

// read returns the text of the chunk.
func (c chunk) read() ([]byte, error) {
	if c.err != nil || c.data != nil {
		return c.data, c.err
	}
	f, err := os.Open(c.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, c.end-c.begin)
	n, err := f.ReadAt(data, c.begin)
	if errors.Is(err, io.EOF) { // it was cut short meanwhile
		err = nil
	}
	return data[:n], err
}

// A source finds the chunks of what the command line names.
type source struct {
	ctx   context.Context
	stdin io.Reader
	size  int // of a chunk
	yield func(chunk) bool
}

// chunks returns the chunks of the files, directories and - that paths are.
func chunks(ctx context.Context, paths []string, stdin io.Reader, size int) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		s := source{ctx, stdin, size, yield}
		for _, path := range paths {
			if !s.add(path) {
				return
			}
		}
	}
}

// add yields the chunks of a path. It returns false if no more are wanted.
func (s *source) add(path string) bool {
	if path == "-" {
		return s.stream("standard input", func() (io.ReadCloser, error) { return io.NopCloser(s.stdin), nil })
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return s.yield(chunk{name: path, err: err})
	case info.IsDir():
		return s.directory(path)
	case info.Mode().IsRegular() && info.Size() > 0:
		return s.file(path, false)
	}
	return s.stream(path, func() (io.ReadCloser, error) { return os.Open(path) })
}

// directory yields the chunks of the text files below dir.
func (s *source) directory(dir string) bool {
	wanted := true
	err := filepath.WalkDir(dir+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		switch {
		case s.ctx.Err() != nil:
			wanted = false
		case err != nil:
			wanted = s.yield(chunk{name: path, err: err})
		case strings.HasPrefix(d.Name(), ".") && filepath.Clean(path) != filepath.Clean(dir):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			wanted = s.file(path, true)
		}
		if !wanted {
			return fs.SkipAll
		}
		return nil
	})
	return wanted && err == nil
}

// file yields the chunks of a file, unless it is to be text and is not.
func (s *source) file(path string, mustBeText bool) bool {
	f, err := os.Open(path)
	if err != nil {
		return s.yield(chunk{name: path, err: err})
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return s.yield(chunk{name: path, err: err})
	}
	if mustBeText {
		head := make([]byte, min(info.Size(), 8000)) // as git decides it
		n, err := f.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return s.yield(chunk{name: path, err: err})
		}
		if bytes.IndexByte(head[:n], 0) >= 0 {
			return true
		}
	}
	for begin := int64(0); begin < info.Size(); {
		end, err := cut(f, begin+int64(s.size), info.Size())
		if err != nil {
			return s.yield(chunk{name: path, err: err})
		}
		if !s.yield(chunk{name: path, begin: begin, end: end}) {
			return false
		}
		begin = end
	}
	return true
}

// cut returns where f, of a size, can be cut from at on.
func cut(f io.ReaderAt, at, size int64) (int64, error) {
	data := make([]byte, 512)
	for at < size {
		n, err := f.ReadAt(data, at)
		if i := cutAfter(data[:n]); i >= 0 {
			return at + int64(i), nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil:
			return 0, err
		case len(data) >= longest:
			return at + int64(lastCharacter(data)), nil
		}
		data = make([]byte, 2*len(data))
	}
	return size, nil
}

// stream yields the chunks of what can only be read from its beginning. It reads on a
// goroutine that it does not wait for, since a read from a terminal or a pipe cannot be
// interrupted.
func (s *source) stream(name string, open func() (io.ReadCloser, error)) bool {
	read := make(chan chunk)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	go func() {
		defer close(read)
		send := func(c chunk) bool {
			select {
			case read <- c:
				return true
			case <-ctx.Done():
				return false
			}
		}
		r, err := open()
		if err == nil {
			defer r.Close()
			err = split(r, s.size, func(data []byte) bool { return send(chunk{name: name, data: data}) })
		}
		if err != nil {
			send(chunk{name: name, err: err})
		}
	}()
	for {
		select {
		case c, more := <-read:
			if !more {
				return true
			}
			if !s.yield(c) {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

// split reads r and calls found with pieces of a size, at the ends of which no word is parted,
// until it returns false.
func split(r io.Reader, size int, found func([]byte) bool) error {
	var rest []byte
	for {
		data := make([]byte, max(size, 2*len(rest)))
		n := copy(data, rest)
		m, err := io.ReadFull(r, data[n:])
		data = data[:n+m]
		end := cutBefore(data)
		switch {
		case err != nil:
			end = len(data)
		case end == 0 && len(data) >= longest:
			end = lastCharacter(data)
		}
		if end > 0 && !found(data[:end]) {
			return nil
		}
		rest = data[end:]
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}
