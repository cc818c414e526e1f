#include <optional>

long long or_default(std::optional<long long> value, long long otherwise) {
    return value ? *value : otherwise;
}
