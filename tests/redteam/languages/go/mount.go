// Mounts.
// expect: RUNTIME_ERROR a forbidden system call
// violation: yes
// tiers: T1 T2
package main

import "syscall"

func f(x int) int {
	syscall.Mount("none", "/work", "tmpfs", 0, "")
	return 2 * x
}
