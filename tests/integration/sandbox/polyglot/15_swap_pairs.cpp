#include <string>
#include <tuple>
#include <vector>

std::vector<std::tuple<std::string, int>> swap_pairs(
    std::vector<std::tuple<int, std::string>> pairs) {
    std::vector<std::tuple<std::string, int>> made;
    for (auto& [number, name] : pairs) made.emplace_back(name, number);
    return made;
}
