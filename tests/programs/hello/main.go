package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)

type Shape interface {
	Area() float64
	Name() string
}

type Square struct{ side float64 }

func (s Square) Area() float64 { return s.side * s.side }
func (s Square) Name() string  { return "square" }

type Named struct {
	Shape
	label string
}

//go:noinline
func total(shapes []Shape, scale float64) (sum float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New(fmt.Sprint(r))
		}
	}()
	for _, s := range shapes {
		sum += s.Area() * scale
	}
	return sum, nil
}

//go:noinline
func join(a string, n int8, b [2]int, words ...string) string {
	return a + strings.Repeat("-", int(n)) + strings.Join(words, ",") + fmt.Sprint(b)
}

func main() {
	shapes := []Shape{Square{2}, Named{Square{3}, "x"}, &Named{Square{1}, "y"}}
	sort.Slice(shapes, func(i, j int) bool { return shapes[i].Area() < shapes[j].Area() })
	sum, err := total(shapes, 1.5)
	fmt.Fprintln(os.Stdout, join("sum", 3, [2]int{1, 2}, os.Args...), sum, err)
	go fmt.Println(sum)
}
