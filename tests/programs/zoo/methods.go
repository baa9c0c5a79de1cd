package main

import (
	"fmt"
	"io"
	"sort"
)

type shape interface {
	area() float64
	name() string
	scale(f float64) shape
	bounds() (x, y, w, h float64)
	describe(verbose bool, indent int) (string, error)
}

type square struct{ side float64 }
type rect struct {
	w, h float64
	tag  string
}
type word int
type handle *rect

func (s square) area() float64                                { return s.side * s.side }
func (s square) name() string                                 { return "square" }
func (s square) scale(f float64) shape                        { return square{s.side * f} }
func (s square) bounds() (float64, float64, float64, float64) { return 0, 0, s.side, s.side }
func (s square) describe(v bool, i int) (string, error) {
	if v {
		return fmt.Sprintf("%*s%v", i, "", s.side), nil
	}
	return "", io.EOF
}

func (r *rect) area() float64         { return r.w * r.h }
func (r *rect) name() string          { return r.tag }
func (r *rect) scale(f float64) shape { return &rect{r.w * f, r.h * f, r.tag} }
func (r *rect) bounds() (x, y, w, h float64) {
	return 1, 2, r.w, r.h
}
func (r *rect) describe(bool, int) (string, error) { return r.tag, nil }

func (w word) area() float64         { return float64(w) }
func (w word) name() string          { return "word" }
func (w word) scale(f float64) shape { return word(float64(w) * f) }
func (w word) bounds() (float64, float64, float64, float64) {
	return float64(w), 0, 0, 0
}
func (word) describe(verbose bool, indent int) (string, error) { return "w", nil }

// Promoted methods: the wrappers that the compiler generates are functions of their own.
type outer struct {
	pad int
	inner
	*rect
}
type inner struct{ label string }

func (i inner) getLabel() string             { return i.label }
func (i *inner) setLabel(s string) string    { old := i.label; i.label = s; return old }
func (i inner) split(n int) (string, string) { return i.label[:n], i.label[n:] }

type labelled interface {
	getLabel() string
	setLabel(string) string
	split(int) (string, string)
	area() float64
}

// An interface inside a struct: the wrapper ends in an indirect call.
type wrapped struct {
	shape
	io.Writer
	extra int
}

type bigReceiver struct{ v [5]int }

func (b bigReceiver) first() int                { return b.v[0] }
func (b bigReceiver) all(k int) ([5]int, error) { b.v[0] = k; return b.v, nil }

type fielder interface {
	first() int
	all(int) ([5]int, error)
}

type stringList []string

func (l stringList) Len() int           { return len(l) }
func (l stringList) Less(i, j int) bool { return l[i] < l[j] }
func (l stringList) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }

type callable func(int, string) (string, int)

func (c callable) invoke(n int) (string, int) { return c(n, "x") }

type emptyType struct{}

func (emptyType) Error() string       { return "empty" }
func (emptyType) Code() int           { return 7 }
func (*emptyType) Nothing(_ int)      {}
func (e *emptyType) Self() *emptyType { return e }

type coder interface {
	Error() string
	Code() int
	Nothing(int)
	Self() *emptyType
}

type myErr struct {
	code int
	msg  string
}

func (e *myErr) Error() string         { return e.msg }
func (e *myErr) Unwrap() error         { return nil }
func (e myErr) Is(target error) bool   { return target == io.EOF }
func (e *myErr) As(v interface{}) bool { _, ok := v.(*myErr); return ok }

//go:noinline
func fail(n int) error {
	if n > 2 {
		return &myErr{n, "failed"}
	}
	return nil
}

//go:noinline
func failConcrete(n int) *myErr { return &myErr{n, "concrete"} }

//go:noinline
func through(s shape, f float64) (string, float64) {
	t := s.scale(f)
	x, y, w, h := t.bounds()
	d, err := t.describe(f > 1, int(f))
	keep(d, err)
	return t.name(), t.area() + x + y + w + h
}

func useMethods(n int) {
	f := float64(n)
	shapes := []shape{square{f}, &rect{f, 1, "r"}, word(n), wrapped{shape: square{f}, extra: n}, &wrapped{shape: &rect{f, 2, "w"}}}
	for _, s := range shapes {
		keep(through(s, f))
	}
	var l labelled = &outer{inner: inner{"label"}, rect: &rect{1, f, "o"}}
	keep(l.getLabel(), l.setLabel("zz"), l.area())
	keep(l.split(1))
	var fl fielder = bigReceiver{[5]int{n}}
	keep(fl.first())
	keep(fl.all(n))
	fl = &bigReceiver{}
	keep(fl.first())
	names := stringList{"b", "a"}
	sort.Sort(names)
	sort.Sort(sort.Reverse(names))
	keep(callable(func(k int, s string) (string, int) { return s, k + n }).invoke(n))
	var c coder = &emptyType{}
	c.Nothing(n)
	keep(c.Error(), c.Code(), c.Self())
	keep(fail(n), failConcrete(n))
	value := (&rect{1, 2, "mv"}).area
	expr := (*rect).name
	iface := shape.area
	bound := shapes[n%len(shapes)].bounds
	keep(value, expr, iface, bound)
	keep(value(), expr(&rect{}), iface(shapes[0]))
	keep(bound())
}
