//go:build go1.18
// +build go1.18

package main

import (
	"fmt"
	"sort"
	"strings"
)

type number interface {
	~int | ~int32 | ~float64
}

//go:noinline
func sum[T number](values []T) (total T) {
	for _, v := range values {
		total += v
	}
	return total
}

//go:noinline
func mapSlice[T, U any](in []T, f func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

//go:noinline
func genericPair[K comparable, V any](m map[K]V, k K) (V, bool, error) {
	v, ok := m[k]
	if !ok {
		return v, false, fmt.Errorf("no %v", k)
	}
	return v, true, nil
}

//go:noinline
func genericIdentity[T any](v T) T { return v }

//go:noinline
func genericUnused[T any](v T, n int) int { return n + 1 }

type stack[T any] struct{ items []T }

//go:noinline
func (s *stack[T]) push(v T) int { s.items = append(s.items, v); return len(s.items) }

//go:noinline
func (s *stack[T]) pop() (T, bool) {
	var none T
	if len(s.items) == 0 {
		return none, false
	}
	v := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return v, true
}

func (s stack[T]) size() int { return len(s.items) }

type container[T any] interface {
	push(T) int
	pop() (T, bool)
	size() int
}

//go:noinline
func drain[T any](c container[T]) (out []T) {
	for {
		v, ok := c.pop()
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

type tree[K any, V any] struct {
	left, right *tree[K, V]
	key         K
	value       V
	cmp         func(a, b K) int
}

//go:noinline
func (t *tree[K, V]) insert(k K, v V) *tree[K, V] {
	if t.cmp(k, t.key) < 0 {
		if t.left == nil {
			t.left = &tree[K, V]{key: k, value: v, cmp: t.cmp}
			return t.left
		}
		return t.left.insert(k, v)
	}
	if t.right == nil {
		t.right = &tree[K, V]{key: k, value: v, cmp: t.cmp}
		return t.right
	}
	return t.right.insert(k, v)
}

//go:noinline
func (t *tree[K, V]) walk(visit func(K, V) bool) bool {
	if t == nil {
		return true
	}
	return t.left.walk(visit) && visit(t.key, t.value) && t.right.walk(visit)
}

//go:noinline
func genericClosure[T any](v T, n int) func() (T, int) {
	return func() (T, int) { n++; return v, n }
}

//go:noinline
func sortBy[T any, K int | string](items []T, key func(T) K) []T {
	sort.Slice(items, func(i, j int) bool { return key(items[i]) < key(items[j]) })
	return items
}

func useGenerics(n int) {
	keep(sum([]int{n, 2}), sum([]float64{float64(n)}), sum([]int32{int32(n)}))
	keep(mapSlice([]int{n}, func(k int) string { return fmt.Sprint(k, n) }))
	keep(mapSlice([]string{"a"}, strings.ToUpper))
	keep(mapSlice([]pair{{n, 1}}, func(p pair) float64 { return float64(p.a + n) }))
	keep(genericPair(map[string]int{"a": n}, "a"))
	keep(genericPair(map[int]pair{1: {n, n}}, n))
	keep(genericIdentity(n), genericIdentity("s"), genericIdentity(pair{n, 1}), genericIdentity(&n))
	keep(genericUnused("s", n), genericUnused(1.5, n))
	ints, texts := &stack[int]{}, &stack[string]{}
	keep(ints.push(n), texts.push("t"), ints.size())
	keep(drain[int](ints), drain[string](texts))
	keep((&stack[*pair]{}).push(&pair{n, n}))
	keep((&stack[pair]{}).pop())
	t := &tree[string, int]{key: "m", cmp: strings.Compare}
	keep(t.insert("a", n), t.insert("z", 2))
	keep(t.walk(func(k string, v int) bool { return v > n }))
	u := &tree[int, []string]{cmp: func(a, b int) int { return a - b }}
	keep(u.insert(n, nil))
	keep(genericClosure("c", n)())
	keep(genericClosure(2.5, n)())
	keep(sortBy([]pair{{n, 1}}, func(p pair) int { return p.a }))
	keep(sortBy([]string{"x"}, func(s string) string { return s }))
}
