// Connects to a host.
// expect: RUNTIME_ERROR SocketException
// violation: no
// cpu: 3
// tiers: T1 T2
class Main {
    static long f(long x) throws Exception {
        new java.net.Socket("127.0.0.1", 80);
        return 2 * x;
    }
}
