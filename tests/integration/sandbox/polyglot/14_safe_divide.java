import java.util.Optional;

class Solution {
    static Optional<Double> safe_divide(double a, double b) {
        return b == 0 ? Optional.empty() : Optional.of(a / b);
    }
}
