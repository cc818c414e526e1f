#include <algorithm>
#include <utility>
#include <vector>

std::pair<int, int> min_max(const std::vector<int>& numbers) {
    auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
    return {*low, *high};
}
