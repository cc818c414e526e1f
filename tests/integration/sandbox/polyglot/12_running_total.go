package main

func running_total(numbers []int) []int {
	total := 0
	made := []int{}
	for _, number := range numbers {
		total += number
		made = append(made, total)
	}
	return made
}
