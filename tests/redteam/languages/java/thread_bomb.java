// Starts threads without end.
// expect: RUNTIME_ERROR native thread
// violation: no
// cpu: 3
// tiers: T1 T2
class Main {
    static long f(long x) throws Exception {
        while (x > 0) new Thread(() -> java.util.concurrent.locks.LockSupport.park()).start();
        return 2 * x;
    }
}
