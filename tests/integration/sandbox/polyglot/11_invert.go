package main

func invert(names map[string]int) map[int]string {
	made := map[int]string{}
	for name, number := range names {
		made[number] = name
	}
	return made
}
