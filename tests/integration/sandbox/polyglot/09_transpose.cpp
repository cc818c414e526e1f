#include <vector>

using Matrix = std::vector<std::vector<int>>;

Matrix transpose(const Matrix& rows) {
    Matrix made(rows[0].size());
    for (auto& row : rows)
        for (size_t at = 0; at < row.size(); ++at) made[at].push_back(row[at]);
    return made;
}
