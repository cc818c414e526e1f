package main

import "strings"

func reverse_words(text string) string {
	words := strings.Split(text, " ")
	made := []string{}
	for i := len(words) - 1; i >= 0; i-- {
		made = append(made, words[i])
	}
	return strings.Join(made, " ")
}
