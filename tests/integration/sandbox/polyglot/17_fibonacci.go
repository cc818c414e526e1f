package main

func fibonacci(n int) int64 {
	var a, b int64 = 0, 1
	for ; n > 0; n-- {
		a, b = b, a+b
	}
	return a
}
