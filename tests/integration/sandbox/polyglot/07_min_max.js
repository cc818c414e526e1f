function min_max(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
}
