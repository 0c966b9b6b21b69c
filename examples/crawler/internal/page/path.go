package page

import (
	"bytes"
	"unicode/utf8"
)

// Classes of bytes in a URL. A byte in a set that contains inPath or inQuery
// is percent-encoded in a path or query.
const (
	inPath = 1 << iota
	inQuery
	endsSegment
	endsAuthority
)

var class = func() (t [256]uint8) {
	for c := range t {
		if c <= ' ' || c > '~' {
			t[c] = inPath | inQuery
		}
	}
	set := func(bytes string, bit uint8) {
		for _, c := range []byte(bytes) {
			t[c] |= bit
		}
	}
	set("\"#<>?`{}", inPath)
	set("\"#<>'", inQuery)
	set(`/\?`, endsSegment|endsAuthority)
	return t
}()

// appendPath appends the segments of ref, up to its query, with dots resolved.
// The slash before the first segment must not be in ref. root is where the path
// starts in dst. It returns the query with its question mark.
func appendPath(dst []byte, root int, ref []byte) (path, query []byte) {
	for {
		end := 0
		for end < len(ref) && class[ref[end]]&endsSegment == 0 {
			end++
		}
		segment, rest := ref[:end], ref[end:]
		last := slashes(rest) == 0
		dots := dots(segment)
		if dots == 2 {
			dst = dst[:root+max(0, bytes.LastIndexByte(dst[root:], '/'))]
		}
		if dots == 0 || last {
			dst = append(dst, '/')
		}
		if dots == 0 {
			dst = appendEncoded(dst, segment, inPath)
		}
		if last {
			return dst, rest
		}
		ref = rest[1:]
	}
}

// dots returns 1 or 2 for a segment of so many dots, or else 0.
func dots(segment []byte) int {
	n := 0
	for len(segment) > 0 && n < 3 {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) > 2 && segment[0] == '%' && segment[1] == '2' && segment[2]|0x20 == 'e':
			segment = segment[3:]
		default:
			return 0
		}
		n++
	}
	return n % 3
}

// appendEncoded appends s with the bytes of set percent-encoded, where invalid
// UTF-8 stands for U+FFFD.
func appendEncoded(dst, s []byte, set uint8) []byte {
	const hex = "0123456789ABCDEF"
	plain := 0
	for i := 0; i < len(s); {
		c := s[i]
		if class[c]&set == 0 {
			i++
			continue
		}
		dst = append(dst, s[plain:i]...)
		if c < utf8.RuneSelf {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
			i++
		} else {
			r, n := utf8.DecodeRune(s[i:])
			var b [utf8.UTFMax]byte
			for _, c := range b[:utf8.EncodeRune(b[:], r)] {
				dst = append(dst, '%', hex[c>>4], hex[c&15])
			}
			i += n
		}
		plain = i
	}
	return append(dst, s[plain:]...)
}
