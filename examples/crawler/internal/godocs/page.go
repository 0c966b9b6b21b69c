package godocs

import (
	"bytes"
	_ "embed"
	"go/ast"
	"go/doc"
	"html/template"
	"strings"
)

//go:embed site.html
var site string

var templates = template.Must(template.New("").Parse(site))

// view is what every template shows: the title, and the way to the page.
type view struct {
	Title   string
	Package string // import path; empty on pages that belong to no package
	Name    string // of the symbol or file; empty on the page of a package
}

// link is a row of a list. Without an address it is text.
type link struct {
	Href, Text, Note string
}

// declaration is a declaration with its documentation. Constants and variables
// have no Title: their code names them. Only methods have an Anchor.
type declaration struct {
	Anchor, Title string
	Code          template.HTML
	Source        string // address of its first line
	Doc           template.HTML
	Examples      []example
}

type example struct {
	Title, Doc, Code string
}

func execute(name string, data any) []byte {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		panic("godocs: template " + name + ": " + err.Error())
	}
	return page.Bytes()
}

func (s *Site) indexPage() []byte {
	var packages []link
	for _, path := range s.paths() {
		packages = append(packages, link{"/" + path + "/", path, s.packages[path].Doc})
	}
	return execute("index", struct {
		view
		Packages []link
	}{view{Title: "Go standard library"}, packages})
}

// packagePage renders the page of the package. The functions are all that it
// has, with those that go/doc lists with a type.
func (r *renderer) packagePage(functions []*doc.Func) []byte {
	var types, subpackages, imports, files []link
	for _, t := range r.doc.Types {
		types = append(types, link{r.symbols[t.Name], t.Name, r.doc.Synopsis(t.Doc)})
	}
	for _, path := range r.site.paths() {
		if strings.HasPrefix(path, r.path+"/") {
			subpackages = append(subpackages, link{r.address(path, ""), path, r.site.packages[path].Doc})
		}
	}
	for _, path := range r.doc.Imports {
		imports = append(imports, link{r.address(path, ""), path, ""})
	}
	for _, name := range r.site.packages[r.path].files {
		files = append(files, link{"/src/" + r.path + "/" + name, name, ""})
	}
	return execute("package", struct {
		view
		Doc                                           template.HTML
		Examples                                      []example
		Consts, Vars                                  []declaration
		Functions, Types, Subpackages, Imports, Files []link
	}{
		view:        view{Title: "package " + r.doc.Name, Package: r.path},
		Doc:         r.text(r.doc.Doc, 3),
		Examples:    r.examples(r.doc.Examples),
		Consts:      r.values(r.doc.Consts),
		Vars:        r.values(r.doc.Vars),
		Functions:   r.functions(functions),
		Types:       types,
		Subpackages: subpackages,
		Imports:     imports,
		Files:       files,
	})
}

// symbolView is the page of a function or a type. A function has no lists.
type symbolView struct {
	view
	Declaration           declaration
	Consts, Vars, Methods []declaration
	Functions             []link
}

func (r *renderer) functionPage(f *doc.Func) []byte {
	return r.symbolPage(f.Name, symbolView{Declaration: r.declaration("func "+f.Name, f.Decl, f.Doc, f.Examples)})
}

func (r *renderer) typePage(t *doc.Type) []byte {
	page := symbolView{
		Declaration: r.declaration("type "+t.Name, t.Decl, t.Doc, t.Examples),
		Consts:      r.values(t.Consts),
		Vars:        r.values(t.Vars),
		Functions:   r.functions(t.Funcs),
	}
	for _, m := range t.Methods {
		method := r.declaration("func ("+m.Recv+") "+m.Name, m.Decl, m.Doc, m.Examples)
		method.Anchor = m.Name
		page.Methods = append(page.Methods, method)
	}
	return r.symbolPage(t.Name, page)
}

func (r *renderer) symbolPage(name string, page symbolView) []byte {
	page.view = view{Title: page.Declaration.Title, Package: r.path, Name: name}
	return execute("symbol", page)
}

func (r *renderer) functions(functions []*doc.Func) []link {
	var list []link
	for _, f := range functions {
		list = append(list, link{r.symbols[f.Name], f.Name, r.doc.Synopsis(f.Doc)})
	}
	return list
}

func (r *renderer) values(values []*doc.Value) []declaration {
	var list []declaration
	for _, v := range values {
		list = append(list, r.declaration("", v.Decl, v.Doc, nil))
	}
	return list
}

func (r *renderer) declaration(title string, decl ast.Decl, text string, examples []*doc.Example) declaration {
	return declaration{
		Title:    title,
		Code:     r.code(decl),
		Source:   r.line(decl),
		Doc:      r.text(text, 4),
		Examples: r.examples(examples),
	}
}

func (r *renderer) examples(examples []*doc.Example) []example {
	var list []example
	for _, e := range examples {
		title := "Example"
		if e.Suffix != "" {
			title += " (" + e.Suffix + ")"
		}
		list = append(list, example{title, strings.TrimSpace(e.Doc), r.exampleCode(e)})
	}
	return list
}
