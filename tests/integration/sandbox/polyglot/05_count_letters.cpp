#include <string>
#include <unordered_map>

std::unordered_map<char, int> count_letters(const std::string& text) {
    std::unordered_map<char, int> counts;
    for (char letter : text) counts[letter] += 1;
    return counts;
}
