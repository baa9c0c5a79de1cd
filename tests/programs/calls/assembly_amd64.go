package main

//go:noescape
func inAssembly(a, b int) (sum int)
