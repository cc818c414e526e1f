#include <map>
#include <string>

std::map<int, std::string> invert(const std::map<std::string, int>& names) {
    std::map<int, std::string> made;
    for (auto& [name, number] : names) made[number] = name;
    return made;
}
