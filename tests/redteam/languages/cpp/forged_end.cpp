// Says that all is done, and leaves.
// expect: RUNTIME_ERROR fewer answers than tests
// violation: yes
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    const char frame[] = "D\0\0\0\0";
    write(3, frame, 5);
    _exit(0);
    return 2 * x;
}
