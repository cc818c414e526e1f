#include <vector>

std::vector<bool> positive(const std::vector<int>& numbers) {
    std::vector<bool> made;
    for (int number : numbers) made.push_back(number > 0);
    return made;
}
