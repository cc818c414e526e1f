import java.util.List;

class Solution {
    static double mean(List<Double> values) {
        double total = 0;
        for (double value : values) total += value;
        return total / values.size();
    }
}
