function sum_squares(numbers) {
  return numbers.reduce((total, n) => total + n * n, 0);
}
