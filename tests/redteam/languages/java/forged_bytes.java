// Writes forged answers to the descriptors of the harness.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// cpu: 5
// memory: 536870912
// tests: [((2,), 123456)]
public class Solution {
    static long f(long x) throws Exception {
        for (int n = 0; n < 64; n++) {
            try (java.io.FileOutputStream out = new java.io.FileOutputStream("/proc/self/fd/" + n)) {
                out.write("V\3\0\0\0i4;D\0\0\0\0".getBytes("ISO-8859-1"));
            } catch (java.io.IOException error) {
            }
        }
        System.out.print("PASSED");
        return 5;
    }
}
