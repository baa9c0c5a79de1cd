package main

import (
	"sort"
	"strings"
	"sync"
)

//go:noinline
func counter(start int) func() int {
	n := start
	return func() int { n++; return n }
}

//go:noinline
func adder(a int, s string, f float64) func(int) (int, string, float64) {
	return func(b int) (int, string, float64) { return a + b, s, f }
}

//go:noinline
func nestedClosure(a int) func() func(string) (string, int) {
	return func() func(string) (string, int) {
		a++
		return func(s string) (string, int) { a++; return s, a }
	}
}

//go:noinline
func apply(f func(int) int, n int) int { return f(n) }

//go:noinline
func applyTwice(f func(int) (int, error), n int) (int, error) {
	k, err := f(n)
	if err != nil {
		return 0, err
	}
	return f(k)
}

//go:noinline
func compose(f, g func(string) string) func(string) string {
	return func(s string) string { return g(f(s)) }
}

//go:noinline
func forward(f func(a, b int) (string, error), a, b int) (string, error) { return f(b, a) }

type job struct {
	run  func(int) (string, bool)
	name string
}

//go:noinline
func runJobs(jobs []job, n int) (done int, last string) {
	for _, j := range jobs {
		if s, ok := j.run(n); ok {
			done, last = done+1, s
		}
	}
	return
}

//go:noinline
func goroutines(n int) int {
	var wg sync.WaitGroup
	ch := make(chan int, n+1)
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func(k int, s string) {
			defer wg.Done()
			ch <- k + len(s)
		}(i, "g")
	}
	go wg.Wait()
	wg.Wait()
	close(ch)
	total := 0
	for v := range ch {
		total += v
	}
	return total
}

//go:noinline
func worker(in <-chan int, out chan<- string, done func(int) bool) (processed int, ok bool) {
	for {
		select {
		case v, open := <-in:
			if !open {
				return processed, ok
			}
			processed++
			ok = done(v)
		case out <- "tick":
		}
	}
}

func useClosures(n int) {
	c := counter(n)
	keep(c(), c())
	keep(adder(n, "s", 1.5)(2))
	keep(nestedClosure(n)()("x"))
	keep(apply(func(k int) int { return k * n }, n))
	keep(applyTwice(func(k int) (int, error) { return k + n, fail(k) }, n))
	keep(compose(strings.ToUpper, strings.TrimSpace)("a b"))
	keep(forward(func(a, b int) (string, error) { return strings.Repeat("x", a), fail(b) }, n, 1))
	keep(runJobs([]job{{func(k int) (string, bool) { return "j", k > n }, "a"}, {run: noCapture}}, n))
	keep(goroutines(n))
	in := make(chan int)
	close(in)
	keep(worker(in, nil, func(k int) bool { return k > n }))
	people := []pair{{n, 1}, {2, n}}
	sort.Slice(people, func(i, j int) bool { return people[i].a < people[j].b })
	keep(strings.Map(func(r rune) rune { return r + rune(n) }, "abc"))
	keep(strings.FieldsFunc("a b", func(r rune) bool { return r == ' ' }))
	var once sync.Once
	once.Do(func() { keep(n) })
}

func noCapture(k int) (string, bool) { return "n", k < 3 }
