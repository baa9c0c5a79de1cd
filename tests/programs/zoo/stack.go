package main

import "fmt"

//go:noinline
func stackParam(a [2]uintptr, b uint8) (c struct {
	x uintptr
	y [2]uintptr
}, d string) {
	c.x = a[0] + uintptr(b)
	return c, "d"
}

//go:noinline
func mixedStack(a1 uint8, a2 [2]uintptr, a3 uint8) (r1 struct {
	x uintptr
	y [2]uintptr
}, r2 string) {
	r1.x = uintptr(a1) + a2[1] + uintptr(a3)
	return r1, "r2"
}

//go:noinline
func stackResultOnly() [3]int { return [3]int{1, 2, 3} }

//go:noinline
func stackResultByte(n int) ([2]byte, byte, [3]uint16, bool) {
	return [2]byte{byte(n), 1}, byte(n), [3]uint16{1, uint16(n), 3}, n > 2
}

//go:noinline
func addressTaken(a int, b string) (*int, *string) { return &a, &b }

//go:noinline
func namedResults(n int) (total int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	if n > 100 {
		panic("big")
	}
	total = n * 2
	return
}

//go:noinline
func deferLoop(n int) (out []int) {
	for i := 0; i < n; i++ {
		defer func(k int) { out = append(out, k) }(i)
	}
	return nil
}

//go:noinline
func deferMany(n int, s string) (a string, b int, c error, d float64) {
	defer func() { a += "!" }()
	defer fmt.Sprint(n)
	a, b, d = s, n, float64(n)
	return a, b, c, d
}

//go:noinline
func alwaysPanics(n int) (int, string) { panic(fmt.Sprint("never ", n)) }

//go:noinline
func sometimesPanics(n int) (int, string) {
	if n == 5000 {
		panic("sometimes")
	}
	return n, "fine"
}

func useStack(n int) {
	keep(stackParam([2]uintptr{uintptr(n), 1}, uint8(n)))
	keep(mixedStack(uint8(n), [2]uintptr{1, uintptr(n)}, 3))
	keep(stackResultOnly())
	keep(stackResultByte(n))
	keep(addressTaken(n, "x"))
	keep(namedResults(n))
	keep(deferLoop(n))
	keep(deferMany(n, "s"))
	if n > 1000 {
		keep(alwaysPanics(n))
	}
	keep(sometimesPanics(n))
}
