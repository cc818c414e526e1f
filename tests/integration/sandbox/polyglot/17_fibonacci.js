function fibonacci(n) {
  let [a, b] = [0n, 1n];
  for (let left = n; left > 0; left -= 1) [a, b] = [b, a + b];
  return a;
}
