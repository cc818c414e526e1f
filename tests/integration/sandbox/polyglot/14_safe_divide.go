package main

func safe_divide(a, b float64) *float64 {
	if b == 0 {
		return nil
	}
	quotient := a / b
	return &quotient
}
