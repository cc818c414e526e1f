// Takes memory without end.
// expect: MEMORY_LIMIT
// violation: no
// cpu: 3
// tiers: T1 T2
class Main {
    static long f(long x) throws Exception {
        var all = new java.util.ArrayList<byte[]>();
        while (x > 0) all.add(new byte[1 << 20]);
        return 2 * x;
    }
}
