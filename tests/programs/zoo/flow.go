package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Functions whose results never pass an ordinary "write, then return".

//go:noinline
func identity(n int) int { return n }

//go:noinline
func identityPtr(p *pair) *pair { return p }

//go:noinline
func identityString(s string) string { return s }

//go:noinline
func identitySlice(b []byte) []byte { return b }

//go:noinline
func firstOf(a, b int) int { return a }

//go:noinline
func secondOf(a, b int) int { return b }

//go:noinline
func passThrough(s string) (int, error) { return strconv.Atoi(s) }

//go:noinline
func passOne(s string) string { return strings.ToUpper(s) }

//go:noinline
func passFirst(s string) int { n, _ := strconv.Atoi(s); return n }

//go:noinline
func passBool(s, t string) bool { return strings.Contains(s, t) }

//go:noinline
func passError(n int) error { return fail(n) }

//go:noinline
func dropResult(s string) { _, _ = strconv.Atoi(s) }

//go:noinline
func voidAfterCall(n int) {
	keep(n)
	identity(n)
}

//go:noinline
func field(p *pair) int { return p.b }

//go:noinline
func fieldString(m *mix) string { return m.s }

//go:noinline
func fieldMany(m *mix) (int, float64, string, bool) { return m.n, m.f, m.s, m.ok }

//go:noinline
func fieldPtr(m *mix) *string { return &m.s }

//go:noinline
func constant() int { return 42 }

//go:noinline
func constants(n int) (int, string, bool) {
	switch n {
	case 1:
		return 1, "one", true
	case 2:
		return 2, "two", false
	case 3:
		return 3, "three", true
	case 4:
		return 4, "four", false
	case 5:
		return 5, "five", true
	case 6:
		return 6, "six", false
	case 7:
		return 7, "seven", false
	case 8:
		return 8, "eight", false
	}
	return 0, "", false
}

//go:noinline
func nilError(n int) error { return nil }

var errStatic = errors.New("static")

//go:noinline
func staticError(n int) (int, error) {
	if n > 0 {
		return n, errStatic
	}
	return -1, nil
}

//go:noinline
func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

//go:noinline
func incField(p *pair) int { p.a++; return p.a }

//go:noinline
func setField(p *pair, n int) { p.a = n }

//go:noinline
func setFieldChain(p *pair, n int) *pair { p.a = n; return p }

//go:noinline
func divmod(a, b int) (int, int) { return a / b, a % b }

//go:noinline
func mulhi(a, b uint64) (uint64, uint64) { return (a >> 32) * (b >> 32), a * b }

//go:noinline
func loop(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += identity(i)
	}
	return sum
}

//go:noinline
func recursion(n int) int {
	if n < 2 {
		return n
	}
	return recursion(n-1) + recursion(n-2)
}

//go:noinline
func mutualA(n int) bool {
	if n == 0 {
		return true
	}
	return mutualB(n - 1)
}

//go:noinline
func mutualB(n int) bool {
	if n == 0 {
		return false
	}
	return mutualA(n - 1)
}

//go:noinline
func wrapError(err error, n int) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%d: %w", n, err)
}

//go:noinline
func parse(s string) (out map[string][]int, rest []string, err error) {
	out = make(map[string][]int)
	for _, part := range strings.Split(s, ",") {
		kv := strings.SplitN(part, "=", 2)
		if len(kv) != 2 {
			rest = append(rest, part)
			continue
		}
		n, e := strconv.Atoi(kv[1])
		if e != nil {
			return nil, rest, wrapError(e, len(rest))
		}
		out[kv[0]] = append(out[kv[0]], n)
	}
	return out, rest, nil
}

//go:noinline
func minmax(values []float64) (lo, hi float64, n int) {
	for i, v := range values {
		if i == 0 || v < lo {
			lo = v
		}
		if i == 0 || v > hi {
			hi = v
		}
		n++
	}
	return
}

//go:noinline
func bits(n uint64) (lead int, odd bool, b byte) {
	for n>>uint(lead) != 0 {
		lead++
	}
	return lead, n&1 == 1, byte(n >> 8)
}

func useFlow(n int) {
	p, m, s := &pair{n, 1}, &mix{n, 1, "s", true}, strconv.Itoa(n)
	keep(identity(n), identityPtr(p), identityString(s), identitySlice([]byte(s)), firstOf(n, 1), secondOf(n, 2))
	keep(passThrough(s))
	keep(passOne(s), passFirst(s), passBool(s, "1"), passError(n))
	dropResult(s)
	voidAfterCall(n)
	keep(field(p), fieldString(m), fieldPtr(m), constant(), nilError(n), compare(s, "b"), incField(p))
	keep(fieldMany(m))
	keep(constants(n))
	keep(staticError(n))
	setField(p, n)
	keep(setFieldChain(p, n))
	keep(divmod(n, n+1))
	keep(mulhi(uint64(n), 3))
	keep(loop(n), recursion(n), mutualA(n), wrapError(nil, n))
	keep(parse(s))
	keep(minmax([]float64{float64(n), 2}))
	keep(bits(uint64(n)))
}
