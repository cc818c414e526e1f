import java.util.Arrays;
import java.util.Collections;
import java.util.List;

class Solution {
    static String reverse_words(String text) {
        List<String> words = Arrays.asList(text.split(" "));
        Collections.reverse(words);
        return String.join(" ", words);
    }
}
