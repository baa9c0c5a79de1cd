package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
)

// magic is what a pack starts with; its last byte is the version of the format.
const magic = "goabisg\x01"

// pack holds what was found in all systems, each distinct definition once.
type pack struct {
	nodes    *nodes
	systems  []*system
	packages map[string]*packed
	sets     map[string]int
	setList  []string
}

// packed is one package in all systems.
type packed struct {
	path, name string
	entries    map[string][]variant
}

// variant is a definition with the systems that have it, one bit each.
type variant struct {
	def  definition
	bits []byte
}

func newPack() *pack {
	return &pack{nodes: newNodes(""), packages: map[string]*packed{}, sets: map[string]int{}}
}

// add takes over what was found in one system.
func (p *pack) add(s *system) {
	number := len(p.systems)
	p.systems = append(p.systems, s)
	moved := make([]int, len(s.nodes.all))
	for i, n := range s.nodes.all {
		parts := make([]int, len(n.nodes))
		for k, part := range n.nodes {
			parts[k] = moved[part]
		}
		n.nodes = parts
		moved[i] = p.nodes.intern(n)
	}
	for _, f := range s.found {
		entries := f.sorted()
		if len(entries) == 0 {
			continue
		}
		to := p.packages[f.path]
		if to == nil {
			to = &packed{path: f.path, entries: map[string][]variant{}}
			p.packages[f.path] = to
		}
		to.name = f.name
		for _, e := range entries {
			e.def.node = moved[e.def.node]
			to.add(e, number)
		}
	}
	s.found, s.nodes = nil, nil
}

func (p *packed) add(e entry, system int) {
	variants := p.entries[e.name]
	at := -1
	for i := range variants {
		if variants[i].def == e.def {
			at = i
		}
	}
	if at < 0 {
		at = len(variants)
		variants = append(variants, variant{def: e.def})
	}
	v := &variants[at]
	for len(v.bits) <= system/8 {
		v.bits = append(v.bits, 0)
	}
	v.bits[system/8] |= 1 << (system % 8)
	p.entries[e.name] = variants
}

func (p *pack) summary(size int) string {
	entries := 0
	for _, q := range p.packages {
		entries += len(q.entries)
	}
	return fmt.Sprintf("%d systems, %d packages, %d functions and types, %d sets, %d bytes",
		len(p.systems), len(p.packages), entries, len(p.setList), size)
}

// encode writes the index, the packages and a checksum.
func (p *pack) encode() []byte {
	paths := make([]string, 0, len(p.packages))
	for path := range p.packages {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	var blocks []byte
	var list writer
	list.number(len(paths))
	for _, path := range paths {
		raw := p.block(p.packages[path])
		block := deflate(raw)
		list.text(path)
		list.text(p.packages[path].name)
		list.number(len(block))
		list.number(len(raw))
		blocks = append(blocks, block...)
	}
	var index writer
	index.systems(p.systems)
	index.number(len(p.setList))
	for _, set := range p.setList {
		index.text(set)
	}
	index.Write(list.Bytes())
	packed := deflate(index.Bytes())
	out := []byte(magic)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(packed)))
	out = binary.LittleEndian.AppendUint32(out, uint32(index.Len()))
	out = append(append(out, packed...), blocks...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// writer writes numbers (LEB128) and texts (length, bytes).
type writer struct{ bytes.Buffer }

func (w *writer) number(n int) { w.Write(binary.AppendUvarint(nil, uint64(n))) }

func (w *writer) text(text string) {
	w.number(len(text))
	w.WriteString(text)
}

// systems writes the releases and machines, and the modules that were read.
func (w *writer) systems(systems []*system) {
	w.number(len(systems))
	var modules []module
	for _, s := range systems {
		w.text(s.job.release)
		w.text(s.goos)
		w.text(s.goarch)
		modules = s.job.modules
	}
	w.number(len(modules))
	for _, m := range modules {
		w.text(m.path)
		w.text(m.version)
	}
}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

// set is the number of a set of systems.
func (p *pack) set(bits []byte) int {
	id, known := p.sets[string(bits)]
	if !known {
		id = len(p.setList)
		p.sets[string(bits)] = id
		p.setList = append(p.setList, string(bits))
	}
	return id
}

// local renumbers what one package uses of the pack's nodes.
type local struct {
	pack    *pack
	numbers map[int]int
	order   []int
	strings map[string]int
}

// node is a node's number in the package; its parts come first.
func (l *local) node(id int) int {
	if number, known := l.numbers[id]; known {
		return number
	}
	n := l.pack.nodes.all[id]
	for _, text := range n.strings {
		l.strings[text] = 0
	}
	for _, part := range n.nodes {
		l.node(part)
	}
	l.numbers[id] = len(l.order)
	l.order = append(l.order, id)
	return l.numbers[id]
}

// block is one package: strings, nodes, entries.
func (p *pack) block(q *packed) []byte {
	l := &local{pack: p, numbers: map[int]int{}, strings: map[string]int{}}
	names := make([]string, 0, len(q.entries))
	for name := range q.entries {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		l.strings[name] = 0
		for _, v := range q.entries[name] {
			l.strings[v.def.receiver] = 0
			l.node(v.def.node)
		}
	}
	var out writer
	l.writeStrings(&out)
	out.number(len(l.order))
	for _, id := range l.order {
		l.writeNode(&out, p.nodes.all[id])
	}
	out.number(len(names))
	for _, name := range names {
		out.number(l.strings[name])
		out.number(len(q.entries[name]))
		for _, v := range q.entries[name] {
			out.number(p.set(v.bits))
			l.writeDefinition(&out, v.def)
		}
	}
	return out.Bytes()
}

// writeStrings writes all strings in order, each as what it shares with the one before and the rest.
func (l *local) writeStrings(out *writer) {
	all := make([]string, 0, len(l.strings))
	for text := range l.strings {
		all = append(all, text)
	}
	sort.Strings(all)
	out.number(len(all))
	last := ""
	for i, text := range all {
		l.strings[text] = i
		shared := 0
		for shared < min(len(text), len(last)) && text[shared] == last[shared] {
			shared++
		}
		out.number(shared)
		out.text(text[shared:])
		last = text
	}
}

func (l *local) writeNode(out *writer, n node) {
	out.WriteByte(n.kind)
	switch n.kind {
	case kindFunc:
		out.number(int(n.numbers[0]))
		out.number(int(n.numbers[1]))
		out.number(len(n.nodes) - int(n.numbers[0]))
	case kindStruct, kindInterface:
		out.number(len(n.nodes))
	case kindNamed:
		out.number(l.strings[n.strings[0]])
		out.number(l.strings[n.strings[1]])
		out.number(len(n.nodes))
		for _, part := range n.nodes {
			out.number(l.numbers[part])
		}
		return
	default:
		for _, number := range n.numbers {
			out.number(int(number))
		}
	}
	for i, part := range n.nodes {
		if n.kind == kindStruct {
			out.number(int(n.numbers[i]))
		}
		if i < len(n.strings) {
			out.number(l.strings[n.strings[i]])
		}
		out.number(l.numbers[part])
	}
}

func (l *local) writeDefinition(out *writer, def definition) {
	out.WriteByte(def.flags)
	if def.flags&flagMethod != 0 {
		out.number(l.strings[def.receiver])
	}
	if def.flags&flagLiteral != 0 {
		out.number(max(def.line, 0))
	}
	out.number(l.numbers[def.node])
}
