#include <map>
#include <string>
#include <vector>

std::map<int, std::vector<std::string>> group_by_length(std::vector<std::string> words) {
    std::map<int, std::vector<std::string>> groups;
    for (auto& word : words) groups[word.size()].push_back(word);
    return groups;
}
