// Closures whose captured variables are used in different ways.
package main

import "os"

//go:noinline
func adder(a int, s string, f float64) func(int) (int, string, float64) {
	return func(b int) (int, string, float64) { return a + b, s, f }
}

//go:noinline
func work(n int) int { return n + len(os.Args) }

// later uses what it captured only behind calls.
//
//go:noinline
func later(n int, loud bool) func() int {
	return func() int {
		total := work(1) + work(2)
		if loud {
			total += work(n)
		}
		return total
	}
}

func main() {
	sum, text, f := adder(len(os.Args), os.Args[0], 1.5)(2)
	println(sum, text, f, later(3, sum > 1)())
}
