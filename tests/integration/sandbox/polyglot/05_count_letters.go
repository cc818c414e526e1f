package main

func count_letters(text string) map[string]int {
	counts := map[string]int{}
	for _, letter := range text {
		counts[string(letter)]++
	}
	return counts
}
