// Calls through interfaces, each of which gets its interface value another way.
package main

import (
	"fmt"
	"os"
)

type speaker interface {
	loud() string
	quiet() string
}

type dog struct{ n int }
type cat struct{ n int }

func (d *dog) loud() string  { return fmt.Sprint("WOOF", d.n) }
func (d *dog) quiet() string { return fmt.Sprint("woof", d.n) }
func (c *cat) loud() string  { return fmt.Sprint("MEOW", c.n) }
func (c *cat) quiet() string { return fmt.Sprint("meow", c.n) }

var global speaker

//go:noinline
func pick(n int) speaker {
	if n > 1 {
		return &dog{n}
	}
	return &cat{n}
}

//go:noinline
func viaParam(s speaker) string { return s.quiet() }

//go:noinline
func viaResult(n int) string { return pick(n).loud() }

//go:noinline
func viaGlobal() string { return global.quiet() }

//go:noinline
func viaClosure(s speaker) func() string { return func() string { return s.loud() } }

//go:noinline
func viaStackClosure(s speaker, n int) string { return repeat(n, func() string { return s.quiet() }) }

//go:noinline
func repeat(n int, f func() string) (all string) {
	for ; n > 0; n-- {
		all += f()
	}
	return all
}

//go:noinline
func viaElement(list []speaker) (all string) {
	for _, s := range list {
		all += s.quiet()
	}
	return all
}

//go:noinline
func viaMap(m map[string]speaker, key string) string { return m[key].loud() }

//go:noinline
func viaAssertion(x any) string {
	if s, ok := x.(speaker); ok {
		return s.loud()
	}
	return ""
}

//go:noinline
func viaSwitch(x any) string {
	switch x := x.(type) {
	case speaker:
		return x.quiet()
	case fmt.Stringer:
		return x.String()
	}
	return ""
}

//go:noinline
func viaCallback(list []speaker) {
	each(list, func(s speaker) { fmt.Println(s.loud()) })
}

//go:noinline
func each(list []speaker, f func(speaker)) {
	for _, s := range list {
		f(s)
	}
}

type registry interface{ register(f func(speaker) string) }
type handlers struct{ all []func(speaker) string }

func (h *handlers) register(f func(speaker) string) { h.all = append(h.all, f) }

type handler struct{ prefix string }

//go:noinline
func (h *handler) viaRegistry(s speaker) string { return h.prefix + s.quiet() }

//go:noinline
func fill(r registry, h *handler) { r.register(h.viaRegistry) }

type pair struct {
	n     int
	first speaker
}

//go:noinline
func (p *pair) viaField() string { return p.first.loud() }

//go:noinline
func useField(s speaker, n int) string {
	p := pair{n, s}
	return p.viaField()
}

//go:noinline
func viaReturned(s speaker) string { return s.quiet() }

//go:noinline
func choose(n int) func(speaker) string {
	if n > 0 {
		return viaReturned
	}
	return nil
}

//go:noinline
func viaGoroutine(s speaker, done chan string) {
	go func() { done <- s.loud() }()
}

//go:noinline
func deferred(s speaker, n int) {
	for i := 0; i < n; i++ {
		defer func() { fmt.Fprintf(os.Stderr, "%s of %d\n", s.quiet(), i) }()
	}
	if n > 3 {
		panic("too many")
	}
}

func main() {
	n := len(os.Args)
	global = pick(n)
	s := pick(n + 1)
	done := make(chan string, 1)
	viaGoroutine(s, done)
	fmt.Println(viaParam(s), viaResult(n), viaGlobal(), viaClosure(s)(), viaStackClosure(s, n), <-done)
	fmt.Println(viaElement([]speaker{s, global}), viaMap(map[string]speaker{"a": s}, "a"))
	fmt.Println(viaAssertion(s), viaSwitch(s))
	viaCallback([]speaker{s})
	h := &handlers{}
	fill(h, &handler{"it says "})
	fmt.Println(h.all[0](s), useField(s, n), choose(n)(s))
	deferred(s, n)
}
