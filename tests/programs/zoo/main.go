// Zoo: one program with every shape of signature that the calling convention treats differently. Each group of
// functions is called with values that the compiler can't fold away, so that nothing is dropped or specialised.
package main

import (
	"fmt"
	"os"
)

var sink interface{}

func keep(values ...interface{}) {
	for _, v := range values {
		sink = v
	}
}

func main() {
	n := len(os.Args)
	useKinds(n)
	useAggregates(n)
	useStack(n)
	useMethods(n)
	useClosures(n)
	useFlow(n)
	useGenerics(n)
	useIterators(n)
	fmt.Println("zoo", n, sink != nil)
}
