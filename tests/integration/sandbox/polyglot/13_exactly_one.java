class Solution {
    static boolean exactly_one(boolean a, Boolean b) {
        return a != b;
    }
}
