// Crosses between Go and C in both directions.
package main

/*
#include <stdint.h>
#include <stdlib.h>

typedef struct { int32_t a; double b; } pair;

static int64_t mix(int32_t a, int64_t b, double c) { return a + b + (int64_t)c; }
static void fill(char *p, uint8_t n) { for (uint8_t i = 0; i < n; i++) p[i] = i; }

extern long long GoAdd(int a, char *name, long long c);
extern void GoNotify(unsigned short code);
extern char *GoName(char *in, int n);

static int64_t call_back(int32_t a) {
	GoNotify(7);
	return GoAdd(a, "text", 40);
}
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

var notified int

//export GoAdd
func GoAdd(a int32, name *C.char, c int64) int64 {
	return int64(a) + c + int64(len(C.GoString(name)))
}

//export GoNotify
func GoNotify(code uint16) {
	notified += int(code)
}

//export GoName
func GoName(in *C.char, n C.int) *C.char {
	return C.CString(C.GoStringN(in, n) + "!")
}

// Its name has an underscore, and C compilers may join the two integers.
//
//go:noinline
//export go_scale
func go_scale(x float64, n, m int32, y float32) float64 {
	fmt.Fprintln(os.Stderr, x, n, m, y)
	return x * float64(n) * float64(y)
}

// It is small enough to be inlined.
//
//export GoForget
func GoForget() { notified = 0 }

// C passes the string as a struct.
//
//go:noinline
//export GoText
func GoText(text string, n int32) int32 {
	fmt.Fprintln(os.Stderr, text)
	return n
}

type shape interface {
	Area() float64
	Name() string
}
type square struct{ side float64 }

func (s *square) Area() float64 { return s.side * s.side }
func (s *square) Name() string  { return "square" }

//go:noinline
func describe(s shape) string { return fmt.Sprintf("%s %f", s.Name(), s.Area()) }

func main() {
	buffer := C.malloc(16)
	defer C.free(buffer)
	C.fill((*C.char)(buffer), 16)
	fmt.Println(C.mix(1, 2, 3.5), C.call_back(2), notified, *(*byte)(unsafe.Pointer(uintptr(buffer) + 3)))
	fmt.Println(describe(&square{2}), len(os.Args))
}
