package main

func transpose(rows [][]int) [][]int {
	made := make([][]int, len(rows[0]))
	for _, row := range rows {
		for at, n := range row {
			made[at] = append(made[at], n)
		}
	}
	return made
}
