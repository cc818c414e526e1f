package main

func find_index(words []string, wanted string) *int {
	for at, word := range words {
		if word == wanted {
			return &at
		}
	}
	return nil
}
