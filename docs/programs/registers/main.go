// What the register convention does with values of every kind.
package main

import (
	"errors"
	"os"
)

type point struct{ x, y float64 }

type pair struct {
	first  int8
	second uint32
}

// Twelve arguments and eleven results: three and two too many for nine registers.
//
//go:noinline
func twelve(a, b, c, d, e, f, g, h, i, j, k, l int) (int, int, int, int, int, int, int, int, int, int, int) {
	if a < 0 {
		panic("negative")
	}
	return b - a, c - b, d - c, e - d, f - e, g - f, h - g, i - h, j - i, k - j, l - k
}

// Strings, slices and interfaces take two, three and two registers; floats have registers of their own.
//
//go:noinline
func mixed(name string, scale float32, list []int, at point, small pair, err error) (string, float64, error) {
	if err != nil {
		return "", 0, err
	}
	return name[small.second:], at.x*float64(scale) + at.y + float64(list[small.first]), nil
}

// An array of two elements never goes into registers, and what follows it still does.
//
//go:noinline
func around(before int, array [2]int, after string) (int, [2]int) {
	return before + len(after), [2]int{array[1], array[0]}
}

type counter struct{ hits, misses int }

//go:noinline
func (c *counter) add(hit bool, weight int) int {
	if hit {
		c.hits += weight
	} else {
		c.misses += weight
	}
	return c.hits
}

// A closure finds what it captured through RDX.
//
//go:noinline
func scaled(by int) func(int) int {
	return func(value int) int { return value * by }
}

//go:noinline
func apply(f func(int) int, value int) int { return f(value) + 1 }

func main() {
	n := len(os.Args)
	_, _, _, _, _, _, _, _, _, _, last := twelve(n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	_, _, err := mixed("name", 2, []int{1, 2}, point{1, 2}, pair{1, 2}, errors.New("no"))
	sum, _ := around(n, [2]int{n, 2}, "after")
	var c counter
	println(last, err, sum, c.add(n > 1, 3), apply(scaled(n), 4))
}
