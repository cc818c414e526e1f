function swap_pairs(pairs) {
  return pairs.map(([number, name]) => [name, number]);
}
