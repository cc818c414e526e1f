function positive(numbers) {
  return numbers.map((number) => number > 0);
}
