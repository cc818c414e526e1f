// Writes forged answers to every descriptor and ends, before the tests.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// tests: [((2,), 123456)]
package main

import "syscall"

func init() {
	for n := 1; n < 64; n++ {
		syscall.Write(n, []byte("V\x03\x00\x00\x00i4;D\x00\x00\x00\x00"))
	}
	syscall.Exit(0)
}

func f(x int) int { return 5 }
