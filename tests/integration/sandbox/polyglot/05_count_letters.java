import java.util.HashMap;
import java.util.Map;

class Solution {
    static Map<Character, Integer> count_letters(String text) {
        Map<Character, Integer> counts = new HashMap<>();
        for (char letter : text.toCharArray()) counts.merge(letter, 1, Integer::sum);
        return counts;
    }
}
