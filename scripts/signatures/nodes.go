package main

import (
	"encoding/binary"
	"go/types"
	"sort"
)

// Node kinds, as docs/signatures.md numbers them.
const (
	kindInvalid = iota
	kindBasic
	kindPointer
	kindSlice
	kindArray
	kindMap
	kindChan
	kindFunc
	kindStruct
	kindInterface
	kindNamed
	kindParam
)

// The basic types, in the order of their numbers.
var basics = []string{"bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
	"uintptr", "float32", "float64", "complex64", "complex128", "string", "unsafe.Pointer"}

// node is a type without its position: a kind, numbers, strings and other nodes.
type node struct {
	kind    byte
	numbers []uint64
	strings []string
	nodes   []int
}

// nodes keeps each distinct node once. A node's parts have smaller numbers than the node itself.
type nodes struct {
	all   []node
	known map[string]int
	// main is the import path of the package that the linker calls main.
	main string
	// memo is by identity of the type checker's objects.
	memo map[types.Type]int
	// local numbers the types that functions declare, by package.
	local map[*types.TypeName]string
	count map[string]int
	// declared are the local types whose definition is still to be written.
	declared []*types.TypeName
}

func newNodes(main string) *nodes {
	return &nodes{
		main:  main,
		known: map[string]int{},
		memo:  map[types.Type]int{},
		local: map[*types.TypeName]string{},
		count: map[string]int{},
	}
}

func (n *nodes) intern(new node) int {
	key := []byte{new.kind}
	for _, number := range new.numbers {
		key = binary.AppendUvarint(key, number)
	}
	key = binary.AppendUvarint(key, uint64(len(new.strings)))
	for _, text := range new.strings {
		key = append(binary.AppendUvarint(key, uint64(len(text))), text...)
	}
	for _, part := range new.nodes {
		key = binary.AppendUvarint(key, uint64(part))
	}
	if id, known := n.known[string(key)]; known {
		return id
	}
	n.all = append(n.all, new)
	n.known[string(key)] = len(n.all) - 1
	return len(n.all) - 1
}

// of is the number of a type's node.
func (n *nodes) of(t types.Type) int {
	t = types.Unalias(t)
	if id, known := n.memo[t]; known {
		return id
	}
	id := n.intern(n.describe(t))
	n.memo[t] = id
	return id
}

func (n *nodes) describe(t types.Type) node {
	switch t := t.(type) {
	case *types.Basic:
		for i, name := range basics {
			if types.Typ[t.Kind()].Name() == name || (t.Kind() == types.UnsafePointer && name == "unsafe.Pointer") {
				return node{kind: kindBasic, numbers: []uint64{uint64(i)}}
			}
		}
	case *types.Pointer:
		return node{kind: kindPointer, nodes: []int{n.of(t.Elem())}}
	case *types.Slice:
		return node{kind: kindSlice, nodes: []int{n.of(t.Elem())}}
	case *types.Array:
		return node{kind: kindArray, numbers: []uint64{uint64(max(t.Len(), 0))}, nodes: []int{n.of(t.Elem())}}
	case *types.Map:
		return node{kind: kindMap, nodes: []int{n.of(t.Key()), n.of(t.Elem())}}
	case *types.Chan:
		return node{kind: kindChan, numbers: []uint64{uint64(t.Dir())}, nodes: []int{n.of(t.Elem())}}
	case *types.Signature:
		return n.signature(t)
	case *types.Struct:
		return n.structure(t)
	case *types.Interface:
		return n.interfaceType(t)
	case *types.Named:
		return n.named(t)
	case *types.TypeParam:
		return node{kind: kindParam, numbers: []uint64{uint64(t.Index())}}
	}
	return node{kind: kindInvalid}
}

// signature has the number of parameters, whether the last is variadic, then names and types.
func (n *nodes) signature(t *types.Signature) node {
	variadic := uint64(0)
	if t.Variadic() {
		variadic = 1
	}
	out := node{kind: kindFunc, numbers: []uint64{uint64(t.Params().Len()), variadic}}
	for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
		for i := 0; i < tuple.Len(); i++ {
			out.strings = append(out.strings, tuple.At(i).Name())
			out.nodes = append(out.nodes, n.of(tuple.At(i).Type()))
		}
	}
	return out
}

// mentionsUnknown tells types that did not check, as those of C do not.
func (n *nodes) mentionsUnknown(id int) bool {
	at := n.all[id]
	for _, part := range at.nodes {
		if n.mentionsUnknown(part) {
			return true
		}
	}
	return at.kind == kindInvalid
}

// structure has one number for each field: whether it is embedded.
func (n *nodes) structure(t *types.Struct) node {
	out := node{kind: kindStruct}
	for i := 0; i < t.NumFields(); i++ {
		embedded := uint64(0)
		if t.Field(i).Embedded() {
			embedded = 1
		}
		out.numbers = append(out.numbers, embedded)
		out.strings = append(out.strings, t.Field(i).Name())
		out.nodes = append(out.nodes, n.of(t.Field(i).Type()))
	}
	return out
}

// interfaceType has all methods, those of embedded interfaces too, in the order of an itab (exported ones sort first).
func (n *nodes) interfaceType(t *types.Interface) node {
	methods := make([]*types.Func, t.NumMethods())
	for i := range methods {
		methods[i] = t.Method(i)
	}
	sort.SliceStable(methods, func(i, j int) bool { return methods[i].Name() < methods[j].Name() })
	out := node{kind: kindInterface}
	for _, method := range methods {
		out.strings = append(out.strings, method.Name())
		out.nodes = append(out.nodes, n.of(method.Type()))
	}
	return out
}

// named has the package's path, the name, and type arguments. What is predeclared has no path.
func (n *nodes) named(t *types.Named) node {
	object := t.Obj()
	path := ""
	if object.Pkg() != nil {
		path = n.path(object.Pkg().Path())
	}
	out := node{kind: kindNamed, strings: []string{path, n.name(object)}}
	for i := 0; i < t.TypeArgs().Len(); i++ {
		out.nodes = append(out.nodes, n.of(t.TypeArgs().At(i)))
	}
	return out
}

// path is a package's path as the linker has it.
func (n *nodes) path(path string) string {
	if path == n.main {
		return "main"
	}
	return path
}

// name is a type's name; those that functions declare are numbered, because they need not be unique.
func (n *nodes) name(object *types.TypeName) string {
	if object.Pkg() == nil || object.Parent() == object.Pkg().Scope() {
		return object.Name()
	}
	if _, known := n.local[object]; !known {
		n.count[object.Pkg().Path()]++
		n.local[object] = object.Name() + "·" + itoa(n.count[object.Pkg().Path()])
		n.declared = append(n.declared, object)
	}
	return n.local[object]
}
