// Returns far too much.
// expect: OUTPUT_LIMIT
// violation: no
// entry: g
// tests: [((2,), "")]
// cpu: 5
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    return 0;
    }
    std::string g(int x) {
        return std::string(64 << 20, 'x');
    }
    int h(int x) {
    return 2 * x;
}
