// Spins for ever.
// expect: TIME_LIMIT cpu
// violation: no
// cpu: 1
function f(x) {
  while (true) {}
}
