// Spins for ever.
// expect: TIME_LIMIT cpu
// violation: no
int f(int x) {
  volatile int y = x;
  while (true) y = y + 1;
}
