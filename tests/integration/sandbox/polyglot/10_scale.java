class Solution {
    static double[] scale(double[] values, double factor) {
        for (int at = 0; at < values.length; at++) values[at] *= factor;
        return values;
    }
}
