// Includes a device that never ends.
// expect: COMPILE_ERROR
// violation: no
// tiers: T1 T2
#include "/dev/urandom"
int f(int x) { return 2 * x; }
