// A program that asks Windows for things.
package main

import (
	"os"
	"syscall"
	"unsafe"
)

var (
	kernel   = syscall.NewLazyDLL("kernel32.dll")
	procBeep = kernel.NewProc("Beep")
)

//go:noinline
func beep(frequency, duration uint32) bool {
	ok, _, _ := procBeep.Call(uintptr(frequency), uintptr(duration))
	return ok != 0
}

//go:noinline
func now() (low, high uint32) {
	var time [2]uint32
	proc := kernel.NewProc("GetSystemTimeAsFileTime")
	proc.Call(uintptr(unsafe.Pointer(&time)))
	return time[0], time[1]
}

func main() {
	low, _ := now()
	println(beep(440, uint32(len(os.Args))), low)
}
