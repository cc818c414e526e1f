// Includes itself twice over, again and again.
// expect: COMPILE_ERROR
// violation: no
// tiers: T1 T2
#include __FILE__
#include __FILE__
int f(int x) { return 2 * x; }
