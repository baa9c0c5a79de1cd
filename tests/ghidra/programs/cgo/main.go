// Go that calls C, and C that calls Go.
package main

/*
static int twice(int n) { return 2 * n; }
extern int goAdd(int a, int b);
static int back(int n) { return goAdd(n, 1); }
*/
import "C"

//export goAdd
func goAdd(a, b C.int) C.int { return a + b }

func main() {
	println(C.twice(21), C.back(1))
}
