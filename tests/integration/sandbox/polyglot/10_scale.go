package main

func scale(values []float64, factor float64) []float64 {
	for at := range values {
		values[at] *= factor
	}
	return values
}
