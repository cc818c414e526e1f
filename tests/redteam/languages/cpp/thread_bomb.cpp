// Starts threads without end.
// expect: RUNTIME_ERROR Resource temporarily unavailable
// violation: no
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    for (;;) (new std::thread([] { pause(); }))->detach();
    return 2 * x;
}
