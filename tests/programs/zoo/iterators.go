//go:build go1.23
// +build go1.23

package main

import (
	"errors"
	"iter"
	"maps"
	"slices"
)

//go:noinline
func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func pairs(n int) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := 0; i < n; i++ {
			if !yield(i, "v") {
				return
			}
		}
	}
}

//go:noinline
func rangeFunc(n int) (sum int, err error) {
	for v := range upTo(n) {
		if v > 10 {
			return sum, errors.New("early")
		}
		sum += v
	}
	return sum, nil
}

//go:noinline
func rangeFuncNested(n int) (text string, count int) {
outer:
	for a, s := range pairs(n) {
		for b := range upTo(a) {
			if b > 3 {
				continue outer
			}
			if b > 5 {
				break outer
			}
			count += b
			text += s
		}
	}
	return
}

//go:noinline
func rangeFuncDefer(n int) (out []string) {
	for a, s := range pairs(n) {
		defer func() { out = append(out, s) }()
		if a > 2 {
			return nil
		}
	}
	return out
}

func rangeNothing(f func(func() bool)) (n int) {
	for range f {
		n++
	}
	return n
}

func useIterators(n int) {
	keep(rangeFunc(n))
	keep(rangeFuncNested(n))
	keep(rangeFuncDefer(n))
	keep(rangeNothing(func(yield func() bool) { _ = yield() && yield() }))
	keep(slices.Sorted(maps.Keys(makeMap(n))))
	next, stop := iter.Pull(upTo(n))
	keep(next())
	stop()
	keep(slices.Collect(upTo(n)))
}
