// Go calls C, and C calls Go back.
package main

/*
#include <stdint.h>

extern long long GoScore(int level, char *text, double weight);

static int64_t visit(int32_t level) { return GoScore(level, "text", 0.5) + 1; }
*/
import "C"

import "os"

//export GoScore
func GoScore(level int32, text *C.char, weight float64) int64 {
	return int64(float64(len(C.GoString(text)))*weight) + int64(level)
}

func main() { println(int64(C.visit(C.int32_t(len(os.Args))))) }
