package main

func positive(numbers []int) []bool {
	made := []bool{}
	for _, number := range numbers {
		made = append(made, number > 0)
	}
	return made
}
