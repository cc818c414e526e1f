#include <numeric>
#include <vector>

std::vector<long long> running_total(std::vector<long long> numbers) {
    std::partial_sum(numbers.begin(), numbers.end(), numbers.begin());
    return numbers;
}
