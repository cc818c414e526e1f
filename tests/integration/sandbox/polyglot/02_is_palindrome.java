class Solution {
    static boolean is_palindrome(String text) {
        return new StringBuilder(text).reverse().toString().equals(text);
    }
}
