// Puts a file of the host into the program by way of the assembler.
// expect: COMPILE_ERROR file not found
// violation: no
// tiers: T1 T2
asm(".incbin \"/etc/shadow\"");
int f(int x) { return 2 * x; }
