// Loops: bodies of range-over-func loops, which return whether to go on without anybody having written so.
package main

import "os"

//go:noinline
func pairs(yield func(int, string) bool) {
	for i, s := range os.Args {
		if !yield(i, s) {
			return
		}
	}
}

//go:noinline
func count() (n int) {
	for i, s := range pairs {
		if i > 5 {
			return -1
		}
		n += len(s)
	}
	return n
}

//go:noinline
func find(n int) (int, string) {
	for i, s := range pairs {
		if i == n {
			return i, s
		}
	}
	return -1, ""
}

func main() {
	i, s := find(count())
	println(i, s)
}
