#include <optional>
#include <string>
#include <unordered_map>

std::optional<double> lookup(const std::unordered_map<std::string, double>& prices, std::string name) {
    auto found = prices.find(name);
    if (found == prices.end()) return std::nullopt;
    return found->second;
}
