function running_total(numbers) {
  let total = 0;
  return numbers.map((number) => (total += number));
}
