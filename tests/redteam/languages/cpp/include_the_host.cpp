// Reads the host's files through the compiler.
// expect: COMPILE_ERROR
// violation: any
// each: ["#include \"/etc/shadow\"", "#include \"/etc/passwd\"", "#include \"/proc/self/environ\"", "asm(\".incbin \\\"/etc/passwd\\\"\");"]
$EACH
int f(int x) { return 4; }
