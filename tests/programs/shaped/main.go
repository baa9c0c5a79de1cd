// Shaped: generic code, which takes a dictionary that is never written and seldom listed.
package main

import "os"

type list[T any] struct{ items []T }

//go:noinline
func (l *list[T]) add(v T, _ bool) (int, T) { l.items = append(l.items, v); return len(l.items), v }

//go:noinline
func first[K comparable, V any](m map[K]V, k K) (V, bool) { v, ok := m[k]; return v, ok }

//go:noinline
func later[T any](v T) func(int) (T, int) { return func(n int) (T, int) { return v, n + 1 } }

type adder interface {
	add(string, bool) (int, string)
}

func main() {
	l := &list[string]{}
	var a adder = l
	n, s := a.add(os.Args[0], true)
	v, ok := first(map[string]int16{s: 1}, s)
	t, k := later(s)(n)
	println(n, s, v, ok, t, k)
}
