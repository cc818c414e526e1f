// Starts a process.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 5
// memory: 536870912
public class Solution {
    static long f(long x) throws Exception {
        return 4 + 0 * new ProcessBuilder("/usr/bin/true").start().waitFor();
    }
}
