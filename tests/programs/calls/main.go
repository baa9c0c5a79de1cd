// Calls whose decompiled form shows whether a host was told where values are: strings, several results, padding,
// closures, results on the stack. Nothing but the runtime is imported, so that hosts are done with it quickly.
package main

type flagged struct {
	flag  bool
	count int64
}

//go:noinline
func length(name string) int { return len(name) + int(name[0]) }

//go:noinline
func divide(a, b int) (quotient, remainder int, ok bool) {
	if b == 0 {
		return 0, a, false
	}
	return a / b, a % b, true
}

//go:noinline
func sumOfDivision(a, b int) int {
	quotient, remainder, ok := divide(a, b)
	if !ok {
		return -1
	}
	return quotient + remainder
}

//go:noinline
func padded(f flagged, more int64) int64 {
	if f.flag {
		return f.count
	}
	return more
}

//go:noinline
func scale(x float64, by float32, n int32) float64 { return x * float64(by) / float64(n) }

//go:noinline
func apply(f func(int) int, n int) int { return f(n) + 1 }

//go:noinline
func adder(n int) func(int) int { return func(k int) int { return n + k } }

//go:noinline
func onStack(n int) [3]int { return [3]int{n, 2, 3} }

//go:noinline
func mixed(n int) (int, [2]int, string) { return n, [2]int{n, 1}, "mixed" }

type shape interface{ area(scale int) int }

type square struct{ side int }

//go:noinline
func (s *square) area(scale int) int { return s.side * s.side * scale }

//go:noinline
func total(shapes []shape, scale int) (sum int) {
	for _, s := range shapes {
		sum += s.area(scale)
	}
	return sum
}

//go:noinline
func clear() (sum int) {
	var big [100]int
	for i := range big {
		sum += *escape(&big[i])
	}
	return sum
}

//go:noinline
func escape(p *int) *int { return p }

func main() {
	println(length("world"), sumOfDivision(7, 2), padded(flagged{true, 3}, 4), scale(1.5, 2, 3))
	println(apply(adder(3), 4), onStack(3)[0], total([]shape{&square{2}}, 3), clear(), inAssembly(1, 2))
	n, pair, text := mixed(2)
	println(n, pair[1], text)
}
