// Crashes.
// expect: RUNTIME_ERROR SIG
// violation: no
int f(int x) { return *(volatile int *)0; }
