// Go and assembly calling each other.
package main

import "os"

// In clamp_amd64.s.
func clamp(value, limit int64) int64
func each(list []int64, f func(int64) int64) int64

func main() {
	n := int64(len(os.Args))
	println(clamp(n+7, 5), each([]int64{1, 2, 3}, func(v int64) int64 { return v * n }))
}
