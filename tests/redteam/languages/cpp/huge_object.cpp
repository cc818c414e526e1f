// Makes the compiler write more than its folder holds.
// expect: COMPILE_ERROR
// violation: no
// tiers: T1 T2
char all[1ul << 30] = {1};
int f(int x) { return 2 * x; }
