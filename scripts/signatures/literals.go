package main

import (
	"go/ast"
	"go/types"
	"strconv"
)

// literals names the function literals of one function as the compiler does: numbered in the order of the source, each
// function by itself (cmd/compile/internal/ir.closureName; gc.closurename up to Go 1.16). Bodies of range-over-func
// loops have numbers of their own, and what is inside of them counts as the function's around them.
type literals struct {
	system        *system
	found         *found
	info          *types.Info
	outer, suffix string
	// base is the line that lines are counted from.
	base   int
	flags  byte
	count  int
	ranges int
}

func (l *literals) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		l.literal(n)
		return false
	case *ast.RangeStmt:
		l.loop(n)
	}
	return true
}

func (l *literals) literal(lit *ast.FuncLit) {
	suffix := l.suffix
	if suffix == "" {
		suffix = ".func"
	}
	l.count++
	name := l.outer + suffix + itoa(l.count)
	if signature, ok := l.info.TypeOf(lit).(*types.Signature); ok {
		def := definition{flags: flagLiteral | l.flags, node: l.system.nodes.of(signature), line: l.line(lit)}
		l.found.add(name, def)
	}
	inner := &literals{system: l.system, found: l.found, info: l.info, outer: name, base: l.base, flags: l.flags, suffix: "."}
	ast.Inspect(lit.Body, inner.visit)
}

// loop names the body of a range-over-func loop, whose parameters are those of the function that is called.
func (l *literals) loop(loop *ast.RangeStmt) {
	over := l.info.TypeOf(loop.X)
	if over == nil {
		return
	}
	iterate, ok := over.Underlying().(*types.Signature)
	if !ok || iterate.Params().Len() != 1 {
		return
	}
	body, ok := iterate.Params().At(0).Type().Underlying().(*types.Signature)
	if !ok {
		return
	}
	l.ranges++
	def := definition{flags: flagLiteral | flagRange | l.flags, node: l.system.nodes.of(body), line: l.line(loop)}
	l.found.add(l.outer+"-range"+itoa(l.ranges), def)
}

func (l *literals) line(n ast.Node) int {
	return l.system.job.fset.Position(n.Pos()).Line - l.base
}

func itoa(n int) string { return strconv.Itoa(n) }
