// Starts a process.
// expect: RUNTIME_ERROR
// violation: any
package main

import "os/exec"

func f(x int) int {
	if err := exec.Command("/usr/bin/true").Run(); err != nil {
		panic(err)
	}
	return 4
}
