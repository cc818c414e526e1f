// Redefines the words that the harness is written in.
// expect: COMPILE_ERROR | WRONG_ANSWER | RUNTIME_ERROR
// violation: any
// tests: [((2,), 123456)]
int f(int x) { return 5; }
#define return exit(0); return
#define if while
#define main other_main
#define f g
