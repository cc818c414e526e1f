#include <vector>

double mean(std::vector<double> values) {
    double total = 0;
    for (double value : values) total += value;
    return total / values.size();
}
