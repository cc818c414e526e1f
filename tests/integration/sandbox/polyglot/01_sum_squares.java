class Solution {
    static long sum_squares(long[] numbers) {
        long total = 0;
        for (long n : numbers) total += n * n;
        return total;
    }
}
