// Is no program that a compiler takes.
// expect: COMPILE_ERROR
// violation: no
public class Solution {
    static long f(long x) { return "4"; }
}
