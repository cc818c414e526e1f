#include <sstream>
#include <string>

std::string reverse_words(const std::string& text) {
    std::istringstream words(text);
    std::string word, made;
    while (words >> word) made = made.empty() ? word : word + " " + made;
    return made;
}
