#include <vector>

long long sum_squares(const std::vector<long long>& numbers) {
    long long total = 0;
    for (long long n : numbers) total += n * n;
    return total;
}
