// Debug: functions of which some release's debug information tells less than the truth.
package main

import "os"

type pair struct {
	a int32
	b string
}

type getter interface{ get(int) (string, error) }

func (p pair) get(n int) (string, error) { return p.b, nil }

type outer struct{ getter }

//go:noinline
func call(g getter, n int) (string, error) { return g.get(n) }

//go:noinline
func blank(_ int8, s string, _ float64) (_ int, ok bool) { return len(s), true }

//go:noinline
func twice(n int) (p pair, err error) {
	if n > 3 {
		return pair{}, os.ErrExist
	}
	p.a++
	return p, nil
}

//go:noinline
func order(c string, b int8, a float32) (z bool, y [2]int16) {
	return b > 0, [2]int16{int16(a), int16(len(c))}
}

// Small enough to be inlined in one place, and called as a function in another.
func inlined(unused []byte, n int) (int, bool) { return n + 1, n > 2 }

//go:noinline
func nothing() {}

//go:noinline
func literal(n int) func(uint16, map[string]*pair) (int, func(...string) error) {
	return func(k uint16, m map[string]*pair) (int, func(...string) error) { n++; return n + int(k), nil }
}

func main() {
	n := len(os.Args)
	s := os.Args[0]
	text, err := call(outer{pair{int32(n), s}}, n)
	k, ok := blank(1, s, 2)
	p, _ := twice(n)
	z, y := order(s, 1, 2)
	f := inlined
	if n > 100 {
		f = nil
	}
	i, j := f(nil, n)
	x, _ := inlined(nil, n)
	nothing()
	l, _ := literal(n)(1, nil)
	println(text, err == nil, k, ok, p.b, z, y[0], i, j, x, l)
}
