package godocs

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"html/template"
	"path/filepath"
	"slices"
	"strings"
)

// documents is one package rendered.
//
// Invariants: each address in symbols is that of a page in pages, or of an
// anchor on one. Nothing changes once render has returned it.
type documents struct {
	pages   map[string][]byte // by function or type; "" is the page of the package
	symbols map[string]string // by name, the address of its documentation
}

// renderer renders one package. It belongs to one goroutine and is dropped
// with the syntax trees it holds.
type renderer struct {
	site    *Site
	path    string
	set     *token.FileSet
	doc     *doc.Package
	parser  *comment.Parser
	symbols map[string]string
}

// render parses a package and renders its pages.
func (s *Site) render(path string, p *source) (*documents, error) {
	r := &renderer{site: s, path: path, set: token.NewFileSet(), symbols: make(map[string]string)}
	trees, err := r.parse(p)
	if err != nil {
		return nil, fmt.Errorf("parse package %s: %w", path, err)
	}
	mode := doc.Mode(0)
	if path == "builtin" {
		mode = doc.AllDecls // its names are not exported
	}
	if r.doc, err = doc.NewFromFiles(r.set, trees, path, mode); err != nil {
		return nil, fmt.Errorf("parse package %s: %w", path, err)
	}
	r.parser = r.doc.Parser()
	return r.documents(), nil
}

// parse returns the syntax trees of the package and of the tests with its
// examples.
func (r *renderer) parse(p *source) ([]*ast.File, error) {
	var trees []*ast.File
	for _, name := range slices.Concat(p.files, p.TestGoFiles, p.XTestGoFiles) {
		mode := parser.ParseComments
		if !strings.HasSuffix(name, "_test.go") {
			mode |= parser.SkipObjectResolution // go/doc needs it for examples only
		} else if !strings.Contains(name, "example") {
			continue // has hardly any examples and takes long
		}
		tree, err := parser.ParseFile(r.set, filepath.Join(p.Dir, name), nil, mode)
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// documents renders the page of the package and those of its functions and
// types, once it is known what is where.
func (r *renderer) documents() *documents {
	home := "/" + r.path + "/"
	functions := slices.Clone(r.doc.Funcs)
	r.locate(home, r.doc.Consts, r.doc.Vars)
	for _, t := range r.doc.Types {
		r.symbols[t.Name] = home + t.Name
		r.locate(home+t.Name, t.Consts, t.Vars)
		functions = append(functions, t.Funcs...)
	}
	slices.SortFunc(functions, func(a, b *doc.Func) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range functions {
		r.symbols[f.Name] = home + f.Name
	}

	pages := map[string][]byte{"": r.packagePage(functions)}
	for _, f := range functions {
		pages[f.Name] = r.functionPage(f)
	}
	for _, t := range r.doc.Types {
		pages[t.Name] = r.typePage(t)
	}
	return &documents{pages: pages, symbols: r.symbols}
}

// locate records that the page documents the constants and variables.
func (r *renderer) locate(page string, lists ...[]*doc.Value) {
	for _, value := range slices.Concat(lists...) {
		for _, name := range value.Names {
			if r.visible(name) {
				r.symbols[name] = page + "#" + name
			}
		}
	}
}

// visible tells whether the top-level name is documented.
func (r *renderer) visible(name string) bool {
	return token.IsExported(name) || r.path == "builtin" && name != "_"
}

// address returns the address of a name in a package, or that of the package
// if the name is empty, or "" if the site has neither. It does not look into
// other packages, which would have to be parsed: their constants have
// addresses that redirect, and what they lack has one, too.
func (r *renderer) address(path, name string) string {
	if path == r.path && name != "" {
		return r.symbols[name]
	}
	if r.site.packages[path] == nil {
		return ""
	}
	return "/" + path + "/" + name
}

// docLink returns the address of a link in a comment. What the site does not
// have is at pkg.go.dev.
func (r *renderer) docLink(l *comment.DocLink) string {
	path, name, member := l.ImportPath, l.Name, ""
	if path == "" {
		path = r.path
	}
	if l.Recv != "" {
		name, member = l.Recv, "#"+l.Name
	}
	address := r.address(path, name)
	if address == "" {
		return l.DefaultURL("https://pkg.go.dev")
	}
	return address + member
}

// text renders a comment with headings of the level.
func (r *renderer) text(text string, level int) template.HTML {
	printer := comment.Printer{DocLinkURL: r.docLink, HeadingLevel: level}
	return template.HTML(printer.HTML(r.parser.Parse(text)))
}

// line returns the address of the line where the node begins.
func (r *renderer) line(node ast.Node) string {
	at := r.set.PositionFor(node.Pos(), false)
	return fmt.Sprintf("/src/%s/%s#L%d", r.path, filepath.Base(at.Filename), at.Line)
}
