// Spins for ever.
// expect: TIME_LIMIT cpu
// violation: no
package main

func f(x int) int {
	for {
		x++
	}
}
