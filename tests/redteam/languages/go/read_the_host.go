// Reads the host's files.
// expect: RUNTIME_ERROR
// violation: any
package main

import "os"

func f(x int) int {
	data, err := os.ReadFile("/etc/passwd")
	if err != nil {
		panic(err)
	}
	return len(data)
}
