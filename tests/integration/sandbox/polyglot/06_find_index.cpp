#include <optional>
#include <string>
#include <vector>

std::optional<long long> find_index(std::vector<std::string> words, std::string wanted) {
    for (size_t at = 0; at < words.size(); ++at)
        if (words[at] == wanted) return at;
    return std::nullopt;
}
