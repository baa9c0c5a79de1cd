// A shared library with one exported function.
package main

import "C"

//export GoabiAdd
func GoabiAdd(a, b int) int { return a + b }

var table = []func(a, b int) int{GoabiAdd}

func main() { println(len(table)) }
