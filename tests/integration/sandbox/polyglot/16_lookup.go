package main

func lookup(prices map[string]float64, name string) *float64 {
	if price, there := prices[name]; there {
		return &price
	}
	return nil
}
