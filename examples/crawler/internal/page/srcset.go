package page

import (
	"bytes"
	"iter"
	"strconv"
)

// candidates yields the URLs of the image candidates in srcset, by the HTML
// standard: white space, not a comma, ends a URL, and a candidate with a
// descriptor that makes no sense is dropped.
func candidates(srcset []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			for len(srcset) > 0 && (isSpace(rune(srcset[0])) || srcset[0] == ',') {
				srcset = srcset[1:]
			}
			if len(srcset) == 0 {
				return
			}
			end := bytes.IndexFunc(srcset, isSpace)
			if end < 0 {
				end = len(srcset)
			}
			url, rest := srcset[:end], srcset[end:]
			srcset = rest
			var descriptors []byte
			if url[len(url)-1] == ',' {
				url = bytes.TrimRight(url, ",")
			} else {
				descriptors, srcset = cutDescriptors(rest)
			}
			if validDescriptors(descriptors) && !yield(url) {
				return
			}
		}
	}
}

// cutDescriptors splits s at the first comma that is not in parentheses.
func cutDescriptors(s []byte) (descriptors, rest []byte) {
	parens := false
	for i, c := range s {
		switch {
		case c == '(':
			parens = true
		case c == ')':
			parens = false
		case c == ',' && !parens:
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}

// validDescriptors reports whether s has at most one density, or a width with
// or without a height.
func validDescriptors(s []byte) bool {
	width, height, density := false, false, false
	for d := range bytes.FieldsFuncSeq(s, isSpace) {
		number, unit := d[:len(d)-1], d[len(d)-1]
		switch unit {
		case 'w':
			if width || density || !positive(number) {
				return false
			}
			width = true
		case 'h':
			if height || density || !positive(number) {
				return false
			}
			height = true
		case 'x':
			if width || height || density || !notNegative(number) {
				return false
			}
			density = true
		default:
			return false
		}
	}
	return width || !height
}

// positive reports whether s is a valid integer of HTML above 0.
func positive(s []byte) bool {
	return digits(s) == len(s) && len(bytes.TrimLeft(s, "0")) > 0
}

// notNegative reports whether s is a valid floating-point number of HTML that
// is not below 0. Go takes a few more forms, which have a plus, a letter, a dot or
// an underscore where HTML has none.
func notNegative(s []byte) bool {
	f, err := strconv.ParseFloat(string(s), 64)
	return err == nil && f >= 0 && s[0] != '+' && digits(s[len(s)-1:]) == 1 &&
		!bytes.ContainsAny(s, "xX_") && !bytes.Contains(bytes.ToLower(s), []byte(".e"))
}

// digits counts the ASCII digits that s starts with.
func digits(s []byte) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
