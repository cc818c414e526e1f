import java.util.List;

class Solution {
    static Integer find_index(List<String> words, String wanted) {
        int at = words.indexOf(wanted);
        return at < 0 ? null : Integer.valueOf(at);
    }
}
