// Writes forged answers to every descriptor, before main, and ends.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// tests: [((2,), 123456)]
#include <unistd.h>
struct First {
  First() {
    for (int n = 1; n < 64; n++) {
      (void)!write(n, "V\x03\0\0\0i4;D\0\0\0", 13);
      (void)!write(n, "P\0\0\0\0D\0\0\0", 10);
    }
    _exit(0);
  }
} first;
int f(int x) { return 5; }
