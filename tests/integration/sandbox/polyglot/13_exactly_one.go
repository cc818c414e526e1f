package main

func exactly_one(a, b bool) bool {
	return a != b
}
