// Ignores every signal and spins.
// expect: TIME_LIMIT cpu
// violation: no
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    for (int n = 1; n < 65; ++n) signal(n, SIG_IGN);
    for (volatile int n = 0;; n = n + 1);
    return 2 * x;
}
