// Functions that Windows calls back: one that is named, a closure without captured variables, one that captures, and
// one that comes through a variable.
package main

import (
	"os"
	"syscall"
)

//go:noinline
func onWindow(window, more uintptr) uintptr {
	os.Stdout.WriteString("window\n")
	return window + more
}

//go:noinline
func register(fn interface{}) uintptr { return syscall.NewCallbackCDecl(fn) }

func main() {
	seen := uintptr(len(os.Args))
	enum := syscall.NewLazyDLL("user32.dll").NewProc("EnumWindows")
	named := syscall.NewCallback(onWindow)
	plain := syscall.NewCallback(func(id uint32) uintptr {
		os.Stdout.WriteString("event\n")
		return uintptr(id)
	})
	captures := syscall.NewCallback(func(window uintptr) uintptr {
		seen += window
		return seen
	})
	enum.Call(named, 0)
	enum.Call(plain, register(onWindow))
	enum.Call(captures, seen)
}
