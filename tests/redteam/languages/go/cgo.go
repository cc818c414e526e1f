// Would run a C compiler with flags of its own.
// expect: COMPILE_ERROR could not import C
// violation: no
// tiers: T1 T2
package main

// #cgo LDFLAGS: -Wl,--version
import "C"

func f(x int) int { return 2 * x }
