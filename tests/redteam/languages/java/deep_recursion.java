// Recurses without end.
// expect: RUNTIME_ERROR StackOverflowError
// violation: no
// cpu: 3
// tiers: T1 T2
class Main {
    static long f(long x) throws Exception {
        f(x + 1);
        return 2 * x;
    }
}
