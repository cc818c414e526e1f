package main

func group_by_length(words []string) map[int][]string {
	groups := map[int][]string{}
	for _, word := range words {
		groups[len(word)] = append(groups[len(word)], word)
	}
	return groups
}
