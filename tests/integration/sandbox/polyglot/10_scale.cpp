#include <vector>

std::vector<double> scale(std::vector<double> values, double factor) {
    for (double& value : values) value *= factor;
    return values;
}
