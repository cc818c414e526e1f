// Takes all memory.
// expect: MEMORY_LIMIT | RUNTIME_ERROR
// violation: no
// cpu: 10
package main

var held [][]byte

func f(x int) int {
	for {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		held = append(held, block)
	}
}
