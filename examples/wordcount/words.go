package main

import (
	"unicode"
	"unicode/utf8"
)

// What a byte can be.
const (
	separator  = iota
	inWord     // a letter or digit
	apostrophe // in a word if between letters or digits
	wide       // part of a character of several bytes
)

var kinds = func() (kinds [256]byte) {
	for c := range kinds {
		switch {
		case c >= utf8.RuneSelf:
			kinds[c] = wide
		case c == '\'':
			kinds[c] = apostrophe
		case unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)):
			kinds[c] = inWord
		}
	}
	return kinds
}()

// kind returns what the character is that s begins with, and how long that is.
func kind(s string) (kind byte, width int) {
	if k := kinds[s[0]]; k != wide {
		return k, 1
	}
	r, width := utf8.DecodeRuneInString(s)
	switch {
	case r == '’':
		return apostrophe, width
	case r == utf8.RuneError && width == 1:
		return separator, 1
	case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
		return inWord, width
	}
	return separator, width
}

// words calls found with each word of s.
func words(s string, found func(word string)) {
	for i := 0; i < len(s); {
		k, width := kind(s[i:])
		if k != inWord {
			i += width
			continue
		}
		begin := i
		for k == inWord {
			i += width
			for i < len(s) && kinds[s[i]] == inWord { // most of them
				i++
			}
			if i == len(s) {
				break
			}
			if k, width = kind(s[i:]); k == apostrophe && i+width < len(s) {
				if next, _ := kind(s[i+width:]); next == inWord {
					k = inWord
				}
			}
		}
		found(s[begin:i])
	}
}

// cutBefore returns where data can be cut so that no word is parted, as far behind as that is
// known, or 0 if it cannot be. Data may end within a character.
func cutBefore(data []byte) int {
	for i := len(data) - 1; i >= 0; i-- {
		if !utf8.RuneStart(data[i]) || !utf8.FullRune(data[i:]) {
			continue
		}
		if k, width := kind(string(data[i:min(i+utf8.UTFMax, len(data))])); k == separator {
			return i + width
		}
	}
	return 0
}

// cutAfter returns the first place where data can be cut so that no word is parted, or -1 if
// there is none. Data may begin and end within a character.
func cutAfter(data []byte) int {
	for i := range data {
		if !utf8.RuneStart(data[i]) {
			continue
		}
		if !utf8.FullRune(data[i:]) {
			break
		}
		if k, width := kind(string(data[i:min(i+utf8.UTFMax, len(data))])); k == separator {
			return i + width
		}
	}
	return -1
}

// lastCharacter returns where the last character of data begins, but for the first one.
func lastCharacter(data []byte) int {
	i := len(data) - 1
	for i > 1 && !utf8.RuneStart(data[i]) {
		i--
	}
	return i
}
