package main

import "unsafe"

//go:noinline
func oneBool(b bool) bool { return !b }

//go:noinline
func small(a int8, b uint8, c int16, d uint16) (int8, uint8, int16, uint16) {
	return a + 1, b + 2, c + 3, d + 4
}

//go:noinline
func wide(a int32, b uint32, c int64, d uint64) (uint64, int64, uint32, int32) { return d, c, b, a }

//go:noinline
func words(a int, b uint, c uintptr, d unsafe.Pointer) (unsafe.Pointer, uintptr, uint, int) {
	return d, c + 1, b + 1, a + 1
}

//go:noinline
func float1(x float32) float32 { return x * 2 }

//go:noinline
func float2(x float64, y float32) (float32, float64) { return y + float32(x), x - float64(y) }

//go:noinline
func mixed(a int, x float64, b int, y float32) (float64, int, float32, int) { return x + 1, a, y, b }

//go:noinline
func complexes(a complex64, b complex128) (complex128, complex64) { return b * b, a * a }

//go:noinline
func text(s string) string { return s[1:] }

//go:noinline
func texts(a, b string) (string, string) { return b, a }

//go:noinline
func sliceSwap(a []byte, b []string) ([]string, []byte) { return b[:1], a[1:] }

//go:noinline
func anys(a interface{}, e error) (error, interface{}) { return e, a }

//go:noinline
func refs(m map[string]int, c chan int, f func(int) int, p *int) (*int, func(int) int, chan int, map[string]int) {
	m["x"] = f(*p)
	return p, f, c, m
}

//go:noinline
func nineInts(a, b, c, d, e, f, g, h, i int) (int, int, int, int, int, int, int, int, int) {
	return i, h, g, f, e, d, c, b, a
}

//go:noinline
func tenInts(a, b, c, d, e, f, g, h, i, j int) (int, int, int, int, int, int, int, int, int, int) {
	return j, i, h, g, f, e, d, c, b, a
}

//go:noinline
func twelveInts(a, b, c, d, e, f, g, h, i, j, k, l int) (int, int, int, int, int, int, int, int, int, int, int) {
	return l, k, j, i, h, g, f, e, d, c + b, a
}

//go:noinline
func sixteenFloats(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p float64) (float64, float64, float64) {
	return a + b + c + d + e + f, g + h + i + j + k, l + m + n + o + p
}

//go:noinline
func manyFloatResults(x float64) (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p float64) {
	return x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7, x + 8, x + 9, x + 10, x + 11, x + 12, x + 13, x + 14, x + 15
}

//go:noinline
func blank(_ int, b string, _ float64, _ bool, d int8) int { return len(b) + int(d) }

//go:noinline
func unused(a int, b string, c float64) {}

//go:noinline
func unusedWithResult(a int, b string, c float64) int { return 7 }

//go:noinline
func allBlank(_ int, _ string, _ []byte) (ok bool) { return true }

//go:noinline
func empties(a struct{}, n int, b [0]int) (struct{}, int) { return a, n + 1 }

//go:noinline
func variadic(prefix string, rest ...int) (int, string) { return len(rest), prefix }

//go:noinline
func variadicAny(rest ...interface{}) int { return len(rest) }

func useKinds(n int) {
	x := float64(n)
	keep(oneBool(n > 1))
	keep(small(int8(n), uint8(n), int16(n), uint16(n)))
	keep(wide(int32(n), uint32(n), int64(n), uint64(n)))
	keep(words(n, uint(n), uintptr(n), unsafe.Pointer(&n)))
	keep(float1(float32(n)))
	keep(float2(x, float32(x)))
	keep(mixed(n, x, n, float32(n)))
	keep(complexes(complex(float32(n), 1), complex(x, 2)))
	s := string(rune('a'+n)) + "tail"
	keep(text(s))
	keep(texts(s, "b"))
	keep(sliceSwap([]byte(s), []string{s, s}))
	keep(anys(n, nil))
	keep(refs(map[string]int{}, nil, func(k int) int { return k + n }, &n))
	keep(nineInts(n, 2, 3, 4, 5, 6, 7, 8, 9))
	keep(tenInts(n, 2, 3, 4, 5, 6, 7, 8, 9, 10))
	keep(twelveInts(n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	keep(sixteenFloats(x, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
	keep(manyFloatResults(x))
	keep(blank(n, s, x, n > 1, int8(n)))
	unused(n, s, x)
	keep(unusedWithResult(n, s, x))
	keep(allBlank(n, s, nil))
	keep(empties(struct{}{}, n, [0]int{}))
	keep(variadic(s, n, n, n))
	keep(variadicAny(n, s))
}
