package main

func sum_squares(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n * n
	}
	return total
}
