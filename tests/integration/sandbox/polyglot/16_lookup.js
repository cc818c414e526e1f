function lookup(prices, name) {
  return prices.get(name);
}
