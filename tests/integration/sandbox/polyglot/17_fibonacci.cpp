#include <cstdint>

std::int64_t fibonacci(int n) {
    std::int64_t a = 0, b = 1;
    for (; n > 0; --n) {
        std::int64_t next = a + b;
        a = b;
        b = next;
    }
    return a;
}
