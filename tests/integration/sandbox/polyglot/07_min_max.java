import java.util.Collections;
import java.util.List;

class Solution {
    static Object[] min_max(List<Long> numbers) {
        return new Object[] {Collections.min(numbers), Collections.max(numbers)};
    }
}
