// Ends in order before it answers.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 5
// memory: 536870912
public class Solution {
    static long f(long x) {
        Runtime.getRuntime().halt(0);
        return 4;
    }
}
