// interfaces prints every call of an interface's method in a program's packages, as the type checker sees it: the
// witness for what goabi says of indirect calls. It builds with every Go release from 1.18 on.
//
//	go run interfaces.go list.go [-goos linux] PACKAGE...
//
// One line per call: source file, line, interface type, method, its slot in the itab. Wrappers, which have no line, follow
// as functions: "-", the linker's name, and the same three.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"sort"
	"strings"
)

func main() {
	goos := flag.String("goos", "linux", "system to list packages for")
	flag.Parse()
	packages, err := list(*goos, nil, flag.Args())
	if err != nil {
		fail("interfaces", err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	checker := &checker{out: out, fset: token.NewFileSet(), done: map[string]*types.Package{"unsafe": types.Unsafe}}
	for _, pkg := range packages {
		if pkg.ImportPath != "unsafe" {
			checker.check(pkg)
		}
	}
}

type checker struct {
	out  io.Writer
	fset *token.FileSet
	done map[string]*types.Package
	pkg  *listed
	info *types.Info
}

func (c *checker) Import(path string) (*types.Package, error) {
	if done := c.done[c.pkg.source(path)]; done != nil {
		return done, nil
	}
	return nil, fmt.Errorf("no package %s", path)
}

func (c *checker) check(pkg *listed) {
	c.pkg = pkg
	var files []*ast.File
	for _, name := range append(pkg.GoFiles, pkg.CgoFiles...) {
		if file, err := parser.ParseFile(c.fset, pkg.file(name), nil, 0); err == nil {
			files = append(files, file)
		}
	}
	c.info = &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{FakeImportC: true, Importer: c, Error: func(error) {}}
	checked, _ := config.Check(pkg.ImportPath, c.fset, files, c.info)
	c.done[pkg.ImportPath] = checked
	for _, file := range files {
		ast.Inspect(file, c.visit)
	}
	c.wrappers(checked)
}

func (c *checker) visit(node ast.Node) bool {
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return true
	}
	fun := call.Fun
	for {
		paren, ok := fun.(*ast.ParenExpr)
		if !ok {
			break
		}
		fun = paren.X
	}
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	if iface := through(c.info.Selections[selector]); iface != nil {
		at := c.fset.Position(call.Lparen)
		c.print(fmt.Sprintf("%s\t%d", at.Filename, at.Line), iface, selector.Sel.Name)
	}
	return true
}

// through is the interface whose itab a method is found in; nil when it is a method of something else.
func through(selection *types.Selection) types.Type {
	if selection == nil || selection.Kind() == types.FieldVal {
		return nil
	}
	t := selection.Recv()
	path := selection.Index()
	for _, index := range path[:len(path)-1] {
		if pointer, ok := t.Underlying().(*types.Pointer); ok {
			t = pointer.Elem()
		}
		fields, ok := t.Underlying().(*types.Struct)
		if !ok {
			return nil
		}
		t = fields.Field(index).Type()
	}
	if param, ok := t.(*types.TypeParam); ok {
		return param.Constraint()
	}
	if types.IsInterface(t) {
		return t
	}
	return nil
}

func (c *checker) print(where string, iface types.Type, method string) {
	// An alias (go/types has them from Go 1.22 on) is not what the binary knows.
	for {
		alias, ok := iface.(interface{ Rhs() types.Type })
		if !ok {
			break
		}
		iface = alias.Rhs()
	}
	set, ok := iface.Underlying().(*types.Interface)
	if !ok {
		return
	}
	names := make([]string, set.NumMethods())
	for i := range names {
		names[i] = set.Method(i).Name()
	}
	sort.Strings(names) // exported ones are first, as in the runtime's types
	slot := sort.SearchStrings(names, method)
	name := types.TypeString(iface, func(p *types.Package) string { return p.Name() })
	fmt.Fprintf(c.out, "%s\t%s\t%s\t%d\t%s\n", where, name, method, slot, strings.Join(names, ","))
}

// wrappers are the methods that types have from interfaces embedded in them, and those of interfaces themselves.
func (c *checker) wrappers(pkg *types.Package) {
	prefix := c.pkg.ImportPath
	if c.pkg.Name == "main" {
		prefix = "main"
	}
	for _, name := range pkg.Scope().Names() {
		object, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || object.IsAlias() {
			continue
		}
		both := map[string]types.Type{prefix + "." + name: object.Type()}
		if !types.IsInterface(object.Type()) {
			both[prefix+".(*"+name+")"] = types.NewPointer(object.Type())
		}
		for spelled, t := range both {
			set := types.NewMethodSet(t)
			for i := 0; i < set.Len(); i++ {
				if iface := through(set.At(i)); iface != nil {
					method := set.At(i).Obj().Name()
					c.print("-\t"+spelled+"."+method, iface, method)
				}
			}
		}
	}
}
