// Package godocs serves the documentation of the Go standard library as a web
// site, rendered from the sources in a GOROOT. It gives a crawler something
// real to crawl where there is no network: some thousands of linked pages with
// redirects, anchors, large and small documents, and the broken links that
// real documentation has.
//
// It is not for publishing documentation: it knows one GOOS and GOARCH, has no
// search, and shows no sources but those of public packages. That is the work
// of pkg.go.dev.
//
// A [Site] is an [net/http.Handler] and safe for concurrent use. It starts no
// goroutines. A package is parsed at the first request for one of its pages,
// by that request, and its pages stay in memory from then on. Source files are
// read at each request. The same GOROOT gives the same bytes.
//
//	root, err := godocs.FindGOROOT()
//	if err != nil {
//		return err
//	}
//	site, err := godocs.New(root)
//	if err != nil {
//		return err
//	}
//	server := httptest.NewServer(site)
//	defer server.Close()
package godocs

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Site serves the documentation of the Go standard library.
//
// Invariants: no field changes after New. parsing holds one token for each
// package being parsed.
type Site struct {
	packages map[string]*source // by import path
	index    []byte             // the page /
	parsing  chan struct{}      // many syntax trees at once would fill the memory
}

// source is a package of the standard library.
type source struct {
	*build.Package
	files []string                   // base names of the files that go doc reads, sorted
	load  func() (*documents, error) // renders the package once; safe for concurrent use
}

// FindGOROOT returns the GOROOT of the environment or else that of the go
// command, which it runs. It fails if there is neither.
func FindGOROOT() (string, error) {
	if root := os.Getenv("GOROOT"); root != "" {
		return root, nil
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find GOROOT: go env: %w", err)
	}
	root := strings.TrimSpace(string(out))
	if root == "" {
		return "", errors.New("find GOROOT: go env printed none")
	}
	return root, nil
}

// New returns a site with the public packages of the GOROOT that have files
// for this GOOS and GOARCH. It lists the folders and reads the heads of the
// files, which takes a fraction of a second. It fails if goroot holds no
// sources.
func New(goroot string) (*Site, error) {
	src, err := filepath.EvalSymlinks(filepath.Join(goroot, "src"))
	if err != nil {
		return nil, fmt.Errorf("open GOROOT: %w", err)
	}
	s := &Site{
		packages: make(map[string]*source),
		parsing:  make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	ctx := build.Default
	ctx.GOROOT = goroot
	err = filepath.WalkDir(src, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || dir == src {
			return err
		}
		path, err := filepath.Rel(src, dir)
		if err != nil {
			return err
		}
		if path = filepath.ToSlash(path); private(path) {
			return fs.SkipDir
		}
		return s.add(&ctx, dir, path)
	})
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	if len(s.packages) == 0 {
		return nil, fmt.Errorf("list packages: none in %s", src)
	}
	s.index = s.indexPage()
	return s, nil
}

// private tells whether the folder and all below it hold no public package.
func private(path string) bool {
	switch name := path[strings.LastIndex(path, "/")+1:]; name {
	case "internal", "vendor", "testdata":
		return true
	default:
		return path == "cmd" || name[0] == '_' || name[0] == '.'
	}
}

// add adds the package in the folder, if one builds there.
func (s *Site) add(ctx *build.Context, dir, path string) error {
	found, err := ctx.ImportDir(dir, 0)
	if _, none := errors.AsType[*build.NoGoError](err); none {
		return nil
	}
	if err != nil {
		return err
	}
	p := &source{Package: found, files: slices.Concat(found.GoFiles, found.CgoFiles)}
	slices.Sort(p.files)
	p.load = sync.OnceValues(func() (*documents, error) {
		s.parsing <- struct{}{}
		defer func() { <-s.parsing }()
		return s.render(path, p)
	})
	s.packages[path] = p
	return nil
}

// Pages returns the paths that the site serves with status 200 and that links
// reach from "/", sorted. It renders all packages that no request has rendered
// yet, which takes seconds, and fails if one does not parse.
func (s *Site) Pages() ([]string, error) {
	pages := []string{"/", stylePath}
	for path, p := range s.packages {
		docs, err := p.load()
		if err != nil {
			return nil, err
		}
		for name := range docs.pages {
			pages = append(pages, "/"+path+"/"+name)
		}
		for _, file := range p.files {
			pages = append(pages, "/src/"+path+"/"+file)
		}
	}
	slices.Sort(pages)
	return pages, nil
}

// paths returns the import paths of all packages, sorted.
func (s *Site) paths() []string {
	return slices.Sorted(maps.Keys(s.packages))
}
