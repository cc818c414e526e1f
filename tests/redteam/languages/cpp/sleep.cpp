// Sleeps.
// expect: TIME_LIMIT wall
// violation: no
// wall: 1
// tiers: T1 T2
#include <bits/stdc++.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

int f(int x) {
    pause();
    return 2 * x;
}
