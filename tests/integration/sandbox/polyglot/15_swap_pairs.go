package main

type numbered struct {
	number int
	name   string
}

type named struct {
	name   string
	number int
}

func swap_pairs(pairs []numbered) []named {
	made := []named{}
	for _, pair := range pairs {
		made = append(made, named{pair.name, pair.number})
	}
	return made
}
