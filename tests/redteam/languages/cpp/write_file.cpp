// Writes files.
// expect: RUNTIME_ERROR closed
// violation: no
// each: ["/tmp/x", "/work/x", "/work/program", "/warm/x", "/usr/x", "/dev/shm/x"]
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    std::ofstream file("$EACH");
    if (!file) throw std::runtime_error("closed");
    return 2 * x;
}
