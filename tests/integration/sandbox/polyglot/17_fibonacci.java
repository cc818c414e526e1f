import java.math.BigInteger;

class Solution {
    static BigInteger fibonacci(int n) {
        BigInteger a = BigInteger.ZERO, b = BigInteger.ONE;
        for (; n > 0; n--) {
            BigInteger next = a.add(b);
            a = b;
            b = next;
        }
        return a;
    }
}
