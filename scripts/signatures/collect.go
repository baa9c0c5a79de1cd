package main

import (
	"go/ast"
	"go/types"
	"sort"
	"strings"
)

// found is what one package has in one system.
type found struct {
	path, name string
	entries    []entry
}

// entry is a function, method, function literal or type, by the name that the linker gives it behind the package's path.
type entry struct {
	name string
	def  definition
}

// definition is what an entry says.
type definition struct {
	// flags is a set of the bits below.
	flags byte
	// receiver is the name of a method's receiver.
	receiver string
	// node is the signature or, of a type, what it is made of.
	node int
	// line is, of a literal, how many lines behind the start of its function it starts.
	line int
}

const (
	flagType = 1 << iota
	flagMethod
	flagPointer
	flagGeneric
	flagNoBody
	flagLiteral
	flagRange
)

// collect lists a package's functions, methods, literals and types.
func (s *system) collect(p *checked) *found {
	f := &found{path: s.nodes.path(p.path), name: p.types.Name()}
	if f.name == "main" && f.path != "main" {
		return f
	}
	s.types(f, p.types.Scope())
	globals := &literals{system: s, found: f, info: p.info, outer: "glob."}
	inits := 0
	for _, file := range p.files {
		names := linkNames(file)
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				s.function(f, p, decl, &inits, names)
			case *ast.GenDecl:
				globals.base = 0
				ast.Inspect(decl, globals.visit)
			}
		}
	}
	s.locals(f)
	return f
}

// collectCgo adds what only builds with cgo have. Functions that C types are part of are left out.
func (s *system) collectCgo(p *checked) {
	if p.withC == nil {
		return
	}
	own := s.found[len(s.found)-1]
	known := map[string]bool{}
	for _, e := range own.entries {
		known[e.name] = true
	}
	links := len(s.links)
	with := s.collect(s.typeCheckFiles(p.path, s.dir(p.path), p.withC))
	s.links = s.links[:links]
	for _, e := range with.entries {
		if !known[e.name] && !s.nodes.mentionsUnknown(e.def.node) {
			own.entries = append(own.entries, e)
		}
	}
}

// link gives functions the names that //go:linkname says; they are the bodies of functions that lack one.
func (s *system) link() {
	for _, l := range s.links {
		slash := strings.LastIndex(l.target, "/") + 1
		dot := strings.Index(l.target[slash:], ".")
		if dot < 0 {
			continue
		}
		path, name := l.target[:slash+dot], l.target[slash+dot+1:]
		for _, f := range s.found {
			if f.path == path {
				f.add(name, l.def)
			}
		}
	}
}

// linkNames are the lines of a file that give its functions other names, by the function.
func linkNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if words := strings.Fields(comment.Text); len(words) == 3 && words[0] == "//go:linkname" {
				names[words[1]] = words[2]
			}
		}
	}
	return names
}

func (s *system) types(f *found, scope *types.Scope) {
	for _, name := range scope.Names() {
		if object, ok := scope.Lookup(name).(*types.TypeName); ok && !object.IsAlias() {
			s.typeEntry(f, object)
		}
	}
}

func (s *system) typeEntry(f *found, object *types.TypeName) {
	named, ok := object.Type().(*types.Named)
	if !ok {
		return
	}
	flags := byte(flagType)
	if named.TypeParams().Len() > 0 {
		flags |= flagGeneric
	}
	f.add(s.nodes.name(object), definition{flags: flags, node: s.nodes.of(named.Underlying())})
}

// locals writes the types that functions declare and that some signature speaks of.
func (s *system) locals(f *found) {
	for len(s.nodes.declared) > 0 {
		object := s.nodes.declared[0]
		s.nodes.declared = s.nodes.declared[1:]
		if object.Pkg() != nil && s.nodes.path(object.Pkg().Path()) == f.path {
			s.typeEntry(f, object)
		}
	}
}

func (s *system) function(f *found, p *checked, decl *ast.FuncDecl, inits *int, names map[string]string) {
	name := decl.Name.Name
	if name == "init" && decl.Recv == nil {
		name = "init." + itoa(*inits)
		*inits++
	}
	object, _ := p.info.Defs[decl.Name].(*types.Func)
	if object == nil {
		return
	}
	signature := object.Type().(*types.Signature)
	def := definition{node: s.nodes.of(signature)}
	if receiver := signature.Recv(); receiver != nil {
		def.flags |= flagMethod
		def.receiver = receiver.Name()
		t := types.Unalias(receiver.Type())
		pointer, isPointer := t.(*types.Pointer)
		if isPointer {
			t = types.Unalias(pointer.Elem())
			def.flags |= flagPointer
		}
		named, ok := t.(*types.Named)
		if !ok {
			return
		}
		name = named.Obj().Name() + "." + name
		if isPointer {
			name = "(*" + named.Obj().Name() + ")." + decl.Name.Name
		}
	}
	if signature.TypeParams().Len() > 0 || signature.RecvTypeParams().Len() > 0 {
		def.flags |= flagGeneric
	}
	if decl.Body == nil {
		def.flags |= flagNoBody
	}
	if name != "_" {
		f.add(name, def)
	}
	if target := names[name]; target != "" && decl.Body != nil && decl.Recv == nil {
		s.links = append(s.links, link{target, def})
	}
	if decl.Body != nil && name != "_" {
		start := s.job.fset.Position(decl.Pos()).Line
		generic := def.flags & flagGeneric
		walk := &literals{system: s, found: f, info: p.info, outer: name, base: start, flags: generic, suffix: ".func"}
		ast.Inspect(decl.Body, walk.visit)
	}
}

func (f *found) add(name string, def definition) {
	f.entries = append(f.entries, entry{name, def})
}

// sorted orders entries by name; of several with one name those with a body count, and of these the first.
func (f *found) sorted() []entry {
	sort.SliceStable(f.entries, func(i, j int) bool {
		a, b := f.entries[i], f.entries[j]
		if a.name != b.name {
			return a.name < b.name
		}
		return a.def.flags&flagNoBody < b.def.flags&flagNoBody
	})
	out := f.entries[:0]
	for _, e := range f.entries {
		if len(out) == 0 || out[len(out)-1].name != e.name {
			out = append(out, e)
		}
	}
	return out
}
