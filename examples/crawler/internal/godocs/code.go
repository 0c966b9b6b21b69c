package godocs

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/format"
	"go/printer"
	"go/scanner"
	"go/token"
	"html/template"
)

// mark is what an identifier in a declaration becomes: an anchor, a link, or
// text if both are empty.
type mark struct {
	anchor string
	href   string
}

// code renders a declaration, with anchors at the names it declares and links
// at those it uses. The printed text has the identifiers of the tree in the
// same order.
func (r *renderer) code(decl ast.Decl) template.HTML {
	text := r.format(decl)
	marks := r.marks(decl)
	var out bytes.Buffer
	var tokens scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	tokens.Init(file, text, nil, scanner.ScanComments)
	done := 0
	for {
		pos, kind, literal := tokens.Scan()
		if kind == token.EOF {
			break
		}
		if kind != token.IDENT && kind != token.COMMENT {
			continue
		}
		begin := file.Offset(pos)
		template.HTMLEscape(&out, text[done:begin])
		done = begin + len(literal)
		open, end := `<span class="comment">`, "</span>"
		if kind == token.IDENT {
			open, end = marks[0].tags()
			marks = marks[1:]
		}
		out.WriteString(open)
		template.HTMLEscape(&out, text[begin:done])
		out.WriteString(end)
	}
	template.HTMLEscape(&out, text[done:])
	return template.HTML(out.String())
}

// tags returns what stands before and after the identifier.
func (m mark) tags() (open, end string) {
	switch {
	case m.anchor != "":
		return `<span id="` + m.anchor + `">`, "</span>"
	case m.href != "":
		return `<a href="` + m.href + `">`, "</a>"
	default:
		return "", ""
	}
}

// marks returns the marks of all identifiers of the declaration, in the order
// of the source.
func (r *renderer) marks(decl ast.Decl) []mark {
	var marks []mark
	known := make(map[*ast.Ident]mark)  // those that their place decides
	parameters := make(map[string]bool) // type parameters, which hide names of the package
	ast.Inspect(decl, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			known[node.Name] = mark{}
		case *ast.TypeSpec:
			known[node.Name] = mark{}
			for _, name := range members(node.Type) {
				known[name] = mark{anchor: name.Name}
			}
			for _, name := range names(node.TypeParams) {
				parameters[name.Name] = true
			}
		case *ast.FuncType:
			for _, name := range names(node.TypeParams) {
				parameters[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range node.Names {
				known[name] = mark{}
				if r.visible(name.Name) {
					known[name] = mark{anchor: name.Name}
				}
			}
		case *ast.Field:
			for _, name := range node.Names {
				if _, ok := known[name]; !ok {
					known[name] = mark{}
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := node.Key.(*ast.Ident); ok {
				known[key] = mark{} // most likely a field
			}
		case *ast.SelectorExpr:
			known[node.Sel] = mark{}
			if name, ok := node.X.(*ast.Ident); ok {
				if path, ok := r.parser.LookupPackage(name.Name); ok {
					known[name] = mark{href: r.address(path, "")}
					known[node.Sel] = mark{href: r.address(path, node.Sel.Name)}
				}
			}
		case *ast.Ident:
			m, ok := known[node]
			if !ok && !parameters[node.Name] {
				m.href = r.address(r.path, node.Name)
			}
			marks = append(marks, m)
		}
		return true
	})
	return marks
}

// members returns the names of the fields of a struct or the methods of an
// interface.
func members(expr ast.Expr) []*ast.Ident {
	switch expr := expr.(type) {
	case *ast.StructType:
		return names(expr.Fields)
	case *ast.InterfaceType:
		return names(expr.Methods)
	default:
		return nil
	}
}

func names(list *ast.FieldList) []*ast.Ident {
	var names []*ast.Ident
	if list != nil {
		for _, field := range list.List {
			names = append(names, field.Names...)
		}
	}
	return names
}

// exampleCode renders the code of an example: a function, or a file.
func (r *renderer) exampleCode(e *doc.Example) string {
	code := r.format(&printer.CommentedNode{Node: e.Code, Comments: e.Comments})
	if _, block := e.Code.(*ast.BlockStmt); block {
		return "func Example" + e.Name + "() " + string(code)
	}
	return string(code)
}

// format prints the node as gofmt does.
func (r *renderer) format(node any) []byte {
	var out bytes.Buffer
	if err := format.Node(&out, r.set, node); err != nil {
		panic("godocs: format a parsed node: " + err.Error())
	}
	return out.Bytes()
}
