// Program types has a type of every kind, and prints what reflect says of each: the truth that the reader of runtime
// types is compared with. It builds with Go 1.10 and later; generics.go adds what 1.18 brought.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// Small has methods on the value, one of which nothing calls.
type Small int8

func (s Small) Double() Small                       { return s * 2 }
func (s Small) Add(n int16, f float32) (int, error) { return int(s) + int(n) + int(f), nil }
func (s Small) hidden() bool                        { return s > 3 }
func (s *Small) Set(n Small)                        { *s = n }

// Wide does not fit into a word.
type Wide struct {
	A    int8
	B    string
	C    []uint16
	D    [3]float64
	e    complex64
	_    bool
	Next *Wide
}

func (w Wide) Name(prefix string) string           { return prefix + w.B }
func (w Wide) Both(other Wide) (sum Wide, ok bool) { return other, w.A == other.A }
func (w *Wide) Grow(by ...int) (n int)             { w.C = append(w.C, uint16(len(by))); return len(w.C) }
func (w *Wide) Write(p []byte) (int, error)        { return len(p), nil }
func (w *Wide) Close() error                       { return nil }

// Handler is a func with a method: its values are their own interface words.
type Handler func(w io.Writer, args map[string][]interface{}) (n int, err error)

// Run calls it.
func (h Handler) Run(w io.Writer) (int, error) { return h(w, nil) }

// Boxed is one pointer, in a struct, in an array.
type Boxed [1]struct{ p *Wide }

// Get is called with the pointer itself.
func (b Boxed) Get() *Wide { return b[0].p }

// Shape has methods of several signatures and one that is not exported.
type Shape interface {
	Area(scale float64) float64
	Move(dx, dy int32) (Shape, error)
	Walk(f func(Shape, ...string) bool)
	String() string
	private(chan<- int) <-chan struct{}
}

// Square is a Shape.
type Square struct {
	Side float64
	sync.Mutex
	*strings.Builder
}

func (s *Square) Area(scale float64) float64           { return s.Side * scale }
func (s *Square) Move(dx, dy int32) (Shape, error)     { s.Side += float64(dx + dy); return s, nil }
func (s *Square) Walk(f func(Shape, ...string) bool)   { f(s, "a", "b") }
func (s *Square) private(c chan<- int) <-chan struct{} { return nil }

// Outer gets the methods of an embedded interface and of an embedded value.
type Outer struct {
	io.ReadWriteCloser
	Wide
	n uintptr
}

// List contains itself behind every kind of reference.
type List struct {
	Next  *List
	All   []List
	ByKey map[string]List
	C     chan List
	F     func(List) List
	I     interface{ Take(List) (List, bool) }
	P     unsafe.Pointer
	Empty struct{}
	None  [0]int64
}

// Take makes it implement its own field.
func (l List) Take(other List) (List, bool) { return other, true }

type scalars struct {
	a bool
	b int8
	c int16
	d int32
	e int64
	f int
	g uint8
	h uint16
	i uint32
	j uint64
	k uint
	l uintptr
	m float32
	n float64
	o complex64
	p complex128
	q string
	r unsafe.Pointer
	s map[[2]int16]*[4]chan<- func(...int)
	t interface{}
	u error
	v func(a, b int, c ...string) (d, e error)
	w map[struct {
		x int8
		y float32
	}]map[interface{}]bool
	x *****int
}

var values = []interface{}{
	Small(1), new(Small), Wide{}, &Wide{}, Handler(nil), Boxed{}, &Boxed{}, new(Shape), &Square{}, Outer{}, &Outer{},
	List{}, &List{}, scalars{}, struct{ sync.Locker }{}, &struct {
		sync.Mutex
		n int
	}{}, net.IP{}, &net.UDPConn{}, os.Stdout, new(fmt.Stringer), make(chan (<-chan int)),
}

var seen = map[reflect.Type]bool{}

func list(n int, at func(int) reflect.Type) string {
	all := []string{}
	for i := 0; i < n; i++ {
		visit(at(i))
		all = append(all, at(i).String())
	}
	return strings.Join(all, "; ")
}

func visit(t reflect.Type) {
	if seen[t] {
		return
	}
	seen[t] = true
	fmt.Printf("type %v %v %d %d\n", t, t.Kind(), t.Size(), t.Align())
	switch t.Kind() {
	case reflect.Array:
		fmt.Printf("array %v %d %v\n", t, t.Len(), t.Elem())
		visit(t.Elem())
	case reflect.Ptr, reflect.Slice, reflect.Chan:
		fmt.Printf("elem %v: %v\n", t, t.Elem())
		visit(t.Elem())
	case reflect.Map:
		fmt.Printf("map %v: %v: %v\n", t, t.Key(), t.Elem())
		visit(t.Key())
		visit(t.Elem())
	case reflect.Func:
		fmt.Printf("func %v: %v -> %v %v\n", t, list(t.NumIn(), t.In), list(t.NumOut(), t.Out), t.IsVariadic())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			fmt.Printf("field %v: %d %v %d %v\n", t, i, f.Name, f.Offset, f.Type)
			visit(f.Type)
		}
	}
	methods(t)
}

func methods(t reflect.Type) {
	for i := 0; i < t.NumMethod(); i++ {
		m := t.Method(i)
		if t.Kind() == reflect.Interface {
			fmt.Printf("imethod %v: %d %v %v\n", t, i, m.Name, m.Type)
			visit(m.Type)
		} else {
			// reflect makes this func type up, so it is not in the binary
			fmt.Printf("method %v: %v %#x %v\n", t, m.Name, m.Func.Pointer(), m.Type)
		}
	}
}

func main() {
	var shape Shape = &Square{}
	if len(os.Args) > 9 {
		shape.Walk(func(s Shape, names ...string) bool { return s.private(nil) == nil && Small(len(names)).hidden() })
	}
	var handler interface{ Run(io.Writer) (int, error) } = Handler(nil)
	var boxed interface{ Get() *Wide } = Boxed{}
	var taker interface{ Take(List) (List, bool) } = List{}
	values = append(values, &handler, &boxed, &taker)
	for _, v := range values {
		visit(reflect.TypeOf(v))
	}
}
