//go:build explore

package explore

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// covered has the Points at which a thread was parked while something else
// happened, in any exploration of this process. The exploration that has its
// turn owns it.
var covered = make(map[string]bool)

// cover notes what is covered by letting chosen go on, or an event happen if
// chosen is nil.
func (x *Exec) cover(chosen *thread) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, th := range x.threads {
		if th.state == atPoint && th != chosen {
			covered[th.point] = true
		}
	}
}

// RequireCovered fails the test for each Point in the Go files of dir, tests
// left out, at which no thread was ever parked while another one ran or an
// event happened, in the explorations that this process has run so far. Each
// Point must have a name of its own, as a literal.
func RequireCovered(t *testing.T, dir string) {
	t.Helper()
	if *replayFlag != "" {
		t.Skip("explore: a replay covers one schedule")
	}
	exploring.Lock()
	defer exploring.Unlock()
	if len(covered) == 0 {
		t.Skip("explore: nothing was explored")
	}
	faults, err := uncovered(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error("explore: " + fault)
	}
}

// uncovered returns what is wrong with the Points in the Go files of dir.
func uncovered(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var faults []string
	seen := make(map[string]bool)
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if arg, ok := pointArg(n); ok {
				if fault := fault(arg, seen); fault != "" {
					faults = append(faults, fmt.Sprintf("%v: %s", set.Position(arg.Pos()), fault))
				}
			}
			return true
		})
	}
	if len(seen) == 0 {
		return nil, fmt.Errorf("explore: no Point in %s", dir)
	}
	return faults, nil
}

// pointArg returns the argument if n is a call of explore.Point.
func pointArg(n ast.Node) (ast.Expr, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, false
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fn.Sel.Name != "Point" {
		return nil, false
	}
	pkg, ok := fn.X.(*ast.Ident)
	return call.Args[0], ok && pkg.Name == "explore"
}

// fault says what is wrong with the Point named by arg, or nothing.
func fault(arg ast.Expr, seen map[string]bool) string {
	lit, ok := arg.(*ast.BasicLit)
	if !ok {
		return "the name of a Point is not a literal"
	}
	name, err := strconv.Unquote(lit.Value)
	switch {
	case err != nil:
		return err.Error()
	case seen[name]:
		return fmt.Sprintf("two Points are named %q", name)
	}
	seen[name] = true
	if !covered[name] {
		return fmt.Sprintf("nothing ever happened while a thread was at Point %q", name)
	}
	return ""
}
