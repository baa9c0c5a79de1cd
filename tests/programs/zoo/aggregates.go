package main

import "errors"

type pair struct{ a, b int }
type tiny struct {
	a int8
	b int64
	c uint8
}
type floats struct {
	x float32
	y float64
}
type mix struct {
	n  int
	f  float64
	s  string
	ok bool
}
type nested struct {
	p pair
	t tiny
	f float32
}
type one struct{ v [1]string }
type two struct{ v [2]int }
type zero struct{}
type tailZero struct {
	n int
	z struct{}
}
type padded struct {
	_ int32
	n int64
	_ [0]func()
}
type huge struct{ v [40]int }
type wideStruct struct{ a, b, c, d, e, f, g, h, i, j int }
type recursive struct {
	next *recursive
	list []recursive
	m    map[string]*recursive
}

//go:noinline
func swap(p pair) pair { return pair{p.b, p.a} }

//go:noinline
func packTiny(t tiny, u tiny) (tiny, uint8) { return tiny{u.a, t.b, u.c}, t.c }

//go:noinline
func addFloats(a, b floats) floats { return floats{a.x + b.x, a.y + b.y} }

//go:noinline
func mixes(m mix, k int) (mix, error) {
	if k > 3 {
		return mix{}, errors.New("k")
	}
	m.n += k
	return m, nil
}

//go:noinline
func nest(a nested, b nested) (nested, nested) { return b, a }

//go:noinline
func arrays1(a [1]int, o one) ([1]int, one) { return [1]int{a[0] + 1}, o }

//go:noinline
func arrays2(a [2]int, n int, t two) (two, int) { return two{[2]int{a[1], t.v[0]}}, n }

//go:noinline
func zeroes(z zero, n int, y [2]struct{}, m int) (zero, int) { return z, n + m }

//go:noinline
func tails(t tailZero, p padded) (padded, tailZero) { return p, t }

//go:noinline
func hugeIn(h huge, i int) int { return h.v[i%40] }

//go:noinline
func hugeOut(i int) (h huge) { h.v[i%40] = i; return }

//go:noinline
func wideIn(w wideStruct, n int) int { return w.a + w.j + n }

//go:noinline
func wideOut(n int) (wideStruct, int) { return wideStruct{a: n, j: n}, n + 1 }

//go:noinline
func bigThenSmall(a, b, c, d, e, f, g int, s []byte, h int) (int, []byte) { return a + h + len(s), s }

//go:noinline
func funcStruct(f struct {
	call func(int) (int, error)
	ctx  interface{}
}) (int, error) {
	return f.call(1)
}

//go:noinline
func recur(r recursive, depth int) (recursive, int) {
	if depth > 0 && r.next != nil {
		return recur(*r.next, depth-1)
	}
	return r, depth
}

//go:noinline
func makePair(n int) *pair { return &pair{n, n} }

//go:noinline
func makeSlice(n int) []pair { return make([]pair, n) }

//go:noinline
func makeMap(n int) map[int]pair { m := make(map[int]pair); m[n] = pair{n, 1}; return m }

//go:noinline
func lookup(m map[int]pair, k int) (pair, bool) { p, ok := m[k]; return p, ok }

//go:noinline
func assert(v interface{}) (string, bool) { s, ok := v.(string); return s, ok }

//go:noinline
func classify(n int) (string, error) {
	switch {
	case n < 0:
		return "", errors.New("negative")
	case n == 0:
		return "zero", nil
	}
	return "positive", nil
}

func useAggregates(n int) {
	keep(swap(pair{n, 2}))
	keep(packTiny(tiny{int8(n), 1, 2}, tiny{1, int64(n), 3}))
	keep(addFloats(floats{float32(n), 1}, floats{1, float64(n)}))
	keep(mixes(mix{n, 1, "m", true}, n))
	keep(nest(nested{f: float32(n)}, nested{p: pair{n, 1}}))
	keep(arrays1([1]int{n}, one{[1]string{"x"}}))
	keep(arrays2([2]int{n, 1}, n, two{[2]int{n, n}}))
	keep(zeroes(zero{}, n, [2]struct{}{}, n))
	keep(tails(tailZero{n: n}, padded{n: int64(n)}))
	keep(hugeIn(huge{[40]int{n}}, n))
	keep(hugeOut(n))
	keep(wideIn(wideStruct{a: n}, n))
	keep(wideOut(n))
	keep(bigThenSmall(n, 1, 2, 3, 4, 5, 6, make([]byte, n), 8))
	keep(funcStruct(struct {
		call func(int) (int, error)
		ctx  interface{}
	}{func(k int) (int, error) { return k + n, nil }, n}))
	keep(recur(recursive{}, n))
	keep(makePair(n), makeSlice(n), makeMap(n))
	keep(lookup(makeMap(n), n))
	keep(assert(sink))
	keep(classify(n))
}
