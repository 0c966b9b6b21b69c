package godocs_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// visit is what a walk found at a path.
type visit struct {
	status int
	from   string // the page that linked to it first
	moved  *url.URL
	links  []*url.URL // to the site
	ids    map[string]bool
}

// walk visits every path that links reach from "/", breadth first.
func walk(t *testing.T, site http.Handler) map[string]*visit {
	visits := map[string]*visit{"/": {}}
	for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		v := visits[at]
		v.fetch(t, site, at)
		next := v.links
		if v.moved != nil {
			next = []*url.URL{v.moved}
		}
		for _, link := range next {
			if visits[link.Path] == nil {
				visits[link.Path] = &visit{from: at}
				queue = append(queue, link.Path)
			}
		}
	}
	return visits
}

// fetch requests the path and reads the links and ids of the page.
func (v *visit) fetch(t *testing.T, site http.Handler, at string) {
	w := request(site, http.MethodGet, at)
	v.status = w.Code
	base := &url.URL{Path: at}
	if v.status == http.StatusMovedPermanently {
		var err error
		v.moved, err = base.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
	}
	if v.status != http.StatusOK {
		return
	}
	v.ids = make(map[string]bool)
	tokens := html.NewTokenizer(w.Body)
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		if kind != html.StartTagToken {
			continue
		}
		_, more := tokens.TagName()
		for more {
			var key, value []byte
			key, value, more = tokens.TagAttr()
			switch string(key) {
			case "id":
				v.ids[string(value)] = true
			case "href":
				link, err := base.Parse(string(value))
				require.NoError(t, err, at)
				if link.Host == "" {
					v.links = append(v.links, link)
				}
			}
		}
	}
}

func TestWalkFindsAllPages(t *testing.T) {
	site := sharedSite(t)
	visits := walk(t, site)
	var found []string
	for at, v := range visits {
		if v.status == http.StatusOK {
			found = append(found, at)
		}
	}
	slices.Sort(found)
	pages, err := site.Pages()
	require.NoError(t, err)
	require.Equal(t, pages, found)

	for at, v := range visits {
		switch v.status {
		case http.StatusOK:
			requireAnchors(t, visits, at, v)
		case http.StatusMovedPermanently:
			target := visits[v.moved.Path]
			require.Equal(t, http.StatusOK, target.status, at)
			require.True(t, target.ids[v.moved.Fragment], at)
		default:
			require.Equal(t, http.StatusNotFound, v.status, at)
			requireBroken(t, visits, at, v.from)
		}
	}
}

// requireAnchors fails if a link on the page leads to an anchor that is not
// where it says.
func requireAnchors(t *testing.T, visits map[string]*visit, at string, v *visit) {
	for _, link := range v.links {
		target := visits[link.Path]
		if target.status == http.StatusOK && link.Fragment != "" && !target.ids[link.Fragment] {
			require.Fail(t, "no such anchor", "%s on %s", link, at)
		}
	}
}

// requireBroken fails unless the source of the package of the page that links
// to the name has the link, to a package without the name.
func requireBroken(t *testing.T, visits map[string]*visit, at, from string) {
	dir, name := path.Split(at)
	require.Contains(t, visits, dir, "%s on %s", at, from)
	require.False(t, declared(t, dir)[name], "%s on %s", at, from)
	written := regexp.MustCompile(`\[\*?[\w/]*` + path.Base(dir) + `\.` + name + `[.\]]`)
	found := false
	in, _ := path.Split(from)
	for _, file := range sources(t, in) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found = found || written.Match(text)
	}
	require.True(t, found, "%s on %s", at, from)
}

func TestEveryNameHasItsPage(t *testing.T) {
	site := sharedSite(t)
	for _, dir := range []string{"/builtin/", "/crypto/tls/", "/net/http/", "/os/", "/reflect/", "/sync/atomic/", "/syscall/", "/unsafe/"} {
		names := declared(t, dir)
		require.NotEmpty(t, names)
		for name := range names {
			if w := request(site, http.MethodGet, dir+name); w.Code != http.StatusOK {
				require.Equal(t, http.StatusMovedPermanently, w.Code, dir+name)
			}
		}
	}
}

// sources returns the files of the package with the path.
func sources(t *testing.T, dir string) []string {
	root, err := goroot()
	require.NoError(t, err)
	p, err := build.ImportDir(filepath.Join(root, "src", filepath.FromSlash(dir)), 0)
	require.NoError(t, err)
	files := slices.Concat(p.GoFiles, p.CgoFiles)
	for i, file := range files {
		files[i] = filepath.Join(p.Dir, file)
	}
	return files
}

// declared returns the documented names that the package with the path
// declares at top level.
func declared(t *testing.T, dir string) map[string]bool {
	names := make(map[string]bool)
	add := func(list ...*ast.Ident) {
		for _, name := range list {
			names[name.Name] = true
		}
	}
	for _, file := range sources(t, dir) {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range tree.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					add(decl.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						add(spec.Name)
					case *ast.ValueSpec:
						add(spec.Names...)
					}
				}
			}
		}
	}
	for name := range names {
		if name == "_" || !strings.HasPrefix(dir, "/builtin/") && !token.IsExported(name) {
			delete(names, name)
		}
	}
	return names
}
