package main

// Pair is generic.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
	Rest  []Pair[K, V]
}

// Swap and Find are called through wrappers with these signatures.
func (p Pair[K, V]) Swap(v V) (Pair[K, V], V)          { return p, v }
func (p *Pair[K, V]) Find(k K, or func(K) V) (V, bool) { return or(k), k == p.Key }

func init() {
	values = append(values, Pair[string, int8]{}, &Pair[string, int8]{}, Pair[[2]int64, []Small]{}, &Pair[Small, error]{})
}
