// Takes memory that would count for no process.
// expect: RUNTIME_ERROR SIGSEGV
// violation: no
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    char* all = (char*)mmap(nullptr, 1ul << 28, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    all[0] = 1;
    return 2 * x;
}
