#include <optional>

std::optional<double> safe_divide(double a, double b) {
    if (b == 0) return std::nullopt;
    return a / b;
}
