// Makes a 32-bit system call and opens a socket.
// expect: RUNTIME_ERROR
// violation: yes
// machine: x86_64
#include <sys/socket.h>
int f(int x) { return 4 + 0 * socket(AF_INET, SOCK_STREAM, 0); }
