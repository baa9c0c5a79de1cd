// What Go up to 1.16 does with values, interfaces, variable arguments, defer and panic. Later releases build it too.
package main

import "os"

type shape interface {
	area() int
	name() string
}

type square struct{ side int }

func (s square) area() int    { return s.side * s.side }
func (s square) name() string { return "square" }

//go:noinline
func split(text string, limit int8) (head, tail string, ok bool) {
	if int(limit) > len(text) {
		return text, "", false
	}
	return text[:limit], text[limit:], true
}

//go:noinline
func total(numbers ...int) int {
	sum := 0
	for _, n := range numbers {
		sum += n
	}
	return sum
}

//go:noinline
func count(values ...interface{}) int {
	known := 0
	for _, v := range values {
		if _, is := v.(int); is {
			known++
		}
	}
	return known
}

// The compiler builds both slices on its own stack; an int in an interface goes through convT64.
//
//go:noinline
func pass(n int, text string) int { return total(n, 2, 3) + count(n, text, &n) }

// A call through an itab.
//
//go:noinline
func describe(s shape) (string, int) { return s.name(), s.area() }

//go:noinline
func made(side int) shape { return square{side} }

//go:noinline
func note(text string) { println(text) }

// One defer, whose number is known: open-coded from Go 1.14 on.
//
//go:noinline
func once(text string) {
	defer note(text)
	note("body")
}

// A defer in a loop always goes through deferproc.
//
//go:noinline
func many(texts []string) {
	for _, text := range texts {
		defer note(text)
	}
}

// Results are set by the deferred function after the panic.
//
//go:noinline
func guarded(index int, list []int) (value int, failed bool) {
	defer func() {
		if r := recover(); r != nil {
			failed = true
		}
	}()
	return list[index], false
}

func main() {
	head, _, _ := split("head:tail", 4)
	name, area := describe(made(len(os.Args) + 2))
	once(head)
	many([]string{name, "two"})
	_, failed := guarded(area, []int{1})
	println(pass(area, name), failed)
}
