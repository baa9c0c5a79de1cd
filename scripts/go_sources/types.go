// types prints the signature of every function and method of a program's packages, as the type checker sees them:
// the second witness for what debug information says. It builds with every Go release from 1.17 on.
//
//	go run types.go list.go [-goos linux] PACKAGE...
//
// One line per symbol: the linker's name, parameters with the receiver first, results. A value is
// size/align/registers:kind+offset.size,… where registers is 0 if the value can never be in registers, and kind is one
// of b(ool) i(nt) u(int) p(ointer) f(loat). Generic functions and function literals are left out.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"strings"
)

func main() {
	goos := flag.String("goos", "linux", "system to list packages for")
	flag.Parse()
	packages, err := list(*goos, []string{"-export", "-trimpath"}, flag.Args())
	if err != nil {
		fail("types", err)
	}
	exports := map[string]string{}
	for _, pkg := range packages {
		exports[pkg.ImportPath] = pkg.Export
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, pkg := range packages {
		if checked, noBody := check(pkg, exports); checked != nil {
			printPackage(out, pkg, checked, noBody)
		}
	}
}

// check gives a package and its functions that have no body.
func check(pkg *listed, exports map[string]string) (*types.Package, map[string]bool) {
	if pkg.ImportPath == "unsafe" {
		return nil, nil
	}
	fset := token.NewFileSet()
	var files []*ast.File
	noBody := map[string]bool{}
	for _, name := range pkg.GoFiles {
		if file, err := parser.ParseFile(fset, pkg.file(name), nil, 0); err == nil {
			files = append(files, file)
			for _, decl := range file.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body == nil && fn.Recv == nil {
					noBody[fn.Name.Name] = true
				}
			}
		}
	}
	lookup := func(path string) (io.ReadCloser, error) {
		if export := exports[pkg.source(path)]; export != "" {
			return os.Open(export)
		}
		return nil, fmt.Errorf("no export data for %s", path)
	}
	config := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Importer:         importer.ForCompiler(fset, "gc", lookup),
		Error:            func(error) {},
	}
	checked, _ := config.Check(pkg.ImportPath, fset, files, nil)
	return checked, noBody
}

func printPackage(out io.Writer, pkg *listed, checked *types.Package, noBody map[string]bool) {
	prefix := escape(pkg.ImportPath)
	if pkg.Name == "main" {
		prefix = "main"
	}
	scope := checked.Scope()
	for _, name := range scope.Names() {
		switch object := scope.Lookup(name).(type) {
		case *types.Func:
			printFunc(out, prefix+"."+name, nil, object.Type().(*types.Signature), noBody[name])
		case *types.TypeName:
			if _, ok := object.Type().(*types.Named); ok && !object.IsAlias() && !types.IsInterface(object.Type()) {
				printMethods(out, prefix+"."+name, object.Type())
				printMethods(out, prefix+".(*"+name+")", types.NewPointer(object.Type()))
			}
		}
	}
}

func printMethods(out io.Writer, prefix string, receiver types.Type) {
	set := types.NewMethodSet(receiver)
	for i := 0; i < set.Len(); i++ {
		method := set.At(i).Obj().(*types.Func)
		printFunc(out, prefix+"."+method.Name(), receiver, method.Type().(*types.Signature), false)
	}
}

func printFunc(out io.Writer, name string, receiver types.Type, signature *types.Signature, noBody bool) {
	var params, results []string
	if receiver != nil {
		params = append(params, value(receiver))
	}
	for i := 0; i < signature.Params().Len(); i++ {
		params = append(params, value(signature.Params().At(i).Type()))
	}
	for i := 0; i < signature.Results().Len(); i++ {
		results = append(results, value(signature.Results().At(i).Type()))
	}
	for _, text := range append(params, results...) {
		if text == "" {
			return // mentions a type parameter, or a type that did not check
		}
	}
	mark := ""
	if noBody {
		mark = "nobody"
	}
	fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", name, strings.Join(params, " "), strings.Join(results, " "), mark)
}

// value describes a type as the calling convention sees it, and "" for one that has no size of its own.
func value(t types.Type) (text string) {
	defer func() {
		if recover() != nil {
			text = ""
		}
	}()
	v := layOut(t)
	registers := 0
	if v.registers {
		registers = 1
	}
	return fmt.Sprintf("%d/%d/%d:%s", v.size, v.align, registers, strings.Join(v.spell(), ","))
}

// layout is a type as the calling convention sees it. go/types' own sizes are not those of the compiler before Go 1.22.
type layout struct {
	size, align int64
	parts       []part
	registers   bool
}

type part struct {
	kind      byte
	off, size int64
}

// most is the number of scalars beyond which a value is one opaque piece (MAX_COMPONENTS in the core's limits.rs).
const most = 64

func (v layout) spell() (out []string) {
	if len(v.parts) > most {
		return []string{fmt.Sprintf("u+0.%d", v.size)}
	}
	for _, p := range v.parts {
		out = append(out, fmt.Sprintf("%c+%d.%d", p.kind, p.off, p.size))
	}
	return out
}

func (v *layout) add(inner layout, at int64) {
	for _, p := range inner.parts {
		if len(v.parts) <= most {
			v.parts = append(v.parts, part{p.kind, at + p.off, p.size})
		}
	}
	v.registers = v.registers && inner.registers
}

func words(kinds string) layout {
	v := layout{size: int64(8 * len(kinds)), align: 8, registers: true}
	for i := range kinds {
		v.parts = append(v.parts, part{kinds[i], int64(8 * i), 8})
	}
	return v
}

func scalar(kind byte, size int64) layout {
	return layout{size, size, []part{{kind, 0, size}}, true}
}

func layOut(t types.Type) layout {
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return basic(t)
	case *types.Pointer, *types.Map, *types.Chan, *types.Signature:
		return words("p")
	case *types.Slice:
		return words("pii")
	case *types.Interface:
		return words("pp")
	case *types.Array:
		elem := layOut(t.Elem())
		v := layout{size: elem.size * t.Len(), align: elem.align, registers: t.Len() < 2}
		for i := int64(0); i < t.Len() && i <= most; i++ {
			v.add(elem, i*elem.size)
		}
		return v
	case *types.Struct:
		return structure(t)
	}
	panic("a type parameter")
}

func structure(t *types.Struct) layout {
	v := layout{align: 1, registers: true}
	last := int64(1)
	for i := 0; i < t.NumFields(); i++ {
		field := layOut(t.Field(i).Type())
		at := roundUp(v.size, field.align)
		v.add(field, at)
		v.size, last = at+field.size, field.size
		if field.align > v.align {
			v.align = field.align
		}
	}
	if last == 0 && v.size > 0 {
		v.size++ // so that a pointer to the last field stays inside
	}
	v.size = roundUp(v.size, v.align)
	return v
}

func basic(t *types.Basic) layout {
	info, size := t.Info(), types.SizesFor("gc", "amd64").Sizeof(t)
	switch {
	case t.Kind() == types.Invalid:
		panic("a type that did not check")
	case info&types.IsString != 0:
		return words("pi")
	case info&types.IsComplex != 0:
		half := scalar('f', size/2)
		v := layout{size: size, align: half.align, registers: true}
		v.add(half, 0)
		v.add(half, half.size)
		return v
	case info&types.IsFloat != 0:
		return scalar('f', size)
	case info&types.IsBoolean != 0:
		return scalar('b', size)
	case t.Kind() == types.UnsafePointer:
		return scalar('p', size)
	case info&types.IsUnsigned != 0:
		return scalar('u', size)
	}
	return scalar('i', size)
}

func roundUp(n, align int64) int64 { return (n + align - 1) / align * align }

// escape spells an import path as the linker does (cmd/internal/objabi.PathToPrefix).
func escape(path string) string {
	slash := strings.LastIndex(path, "/")
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c <= ' ' || c == '%' || c == '"' || c >= 0x7f || (c == '.' && i > slash) {
			fmt.Fprintf(&out, "%%%02x", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
