const is_palindrome = (text) => text === [...text].reverse().join('');
