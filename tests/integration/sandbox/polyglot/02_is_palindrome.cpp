#include <algorithm>
#include <string>

bool is_palindrome(std::string text) {
    std::string back(text.rbegin(), text.rend());
    return text == back;
}
