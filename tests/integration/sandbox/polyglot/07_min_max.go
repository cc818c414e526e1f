package main

func min_max(numbers []int) (int, int) {
	low, high := numbers[0], numbers[0]
	for _, n := range numbers {
		if n < low {
			low = n
		}
		if n > high {
			high = n
		}
	}
	return low, high
}
