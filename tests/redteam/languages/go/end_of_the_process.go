// Ends in order before it answers.
// expect: RUNTIME_ERROR
// violation: any
package main

import "os"

func f(x int) int {
	os.Exit(0)
	return 4
}
