import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<Long> running_total(List<Long> numbers) {
        List<Long> made = new ArrayList<>();
        long total = 0;
        for (long number : numbers) {
            total += number;
            made.add(total);
        }
        return made;
    }
}
