// The example of the README: a method with a string, an interface and a small integer among its parameters.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Server counts what it has said.
type Server struct {
	greeting string
	served   int
}

//go:noinline
func (s *Server) handle(w io.Writer, name string, n int8) (int, error) {
	if name == "" {
		return 0, errors.New("nobody to greet")
	}
	total := 0
	for i := int8(0); i < n; i++ {
		written, err := fmt.Fprintf(w, "%s, %s\n", s.greeting, name)
		if err != nil {
			return total, err
		}
		total += written
	}
	s.served++
	return total, nil
}

//go:noinline
func average(samples []float64, scale float64) float64 {
	sum := 0.0
	for _, sample := range samples {
		sum += sample
	}
	return sum * scale / float64(len(samples))
}

//go:noinline
func split(text string) (head, tail string) {
	for i := 0; i < len(text); i++ {
		if text[i] == ',' {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func main() {
	s := &Server{greeting: "hello"}
	first, _ := split("world,others")
	if _, err := s.handle(os.Stdout, first, 2); err != nil {
		os.Exit(1)
	}
	fmt.Println(average([]float64{1, 2, 3}, 0.5))
}
