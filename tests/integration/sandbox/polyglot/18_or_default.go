package main

func or_default(value *int, otherwise int) int {
	if value == nil {
		return otherwise
	}
	return *value
}
