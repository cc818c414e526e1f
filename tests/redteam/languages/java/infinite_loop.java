// Spins for ever.
// expect: TIME_LIMIT cpu
// violation: no
// cpu: 2
// memory: 536870912
public class Solution {
    static long f(long x) {
        while (x > 0) {
            x = (x + 1) & 0xFFFF | 1;
        }
        return x;
    }
}
