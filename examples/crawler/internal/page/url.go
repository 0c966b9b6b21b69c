package page

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// maxURL limits a reference without its fragment, and the URL it names. No
// server accepts longer ones, and a page must not blow up in memory.
const maxURL = 8192

var (
	errScheme   = errors.New("scheme is neither http nor https")
	errRelative = errors.New("relative reference without a base")
	errLong     = fmt.Errorf("longer than %d bytes", maxURL)
	errPort     = errors.New("invalid port")
	errHost     = errors.New("invalid host")
)

// Normalize returns the absolute http or https URL as a browser would request
// it (WHATWG URL), without its fragment and credentials. Normalising the
// result again does not change it.
//
// It fails for other schemes, relative references, invalid hosts and ports,
// URLs of more than 8192 bytes and hosts that need encoding and are longer than
// 512 bytes as written.
func Normalize(raw string) (string, error) {
	var short [256]byte
	u, err := appendURL(short[:0], &base{}, []byte(raw))
	if err != nil {
		return "", fmt.Errorf("normalize %.200q: %w", raw, err)
	}
	return string(u), nil
}

// A base is the URL that references are resolved against. The zero base
// resolves absolute references only.
//
// Invariants: url is normalised. url[:scheme] is "http" or "https",
// url[:origin] ends with the host or port, url[dir] is the last slash of the
// path, and url[:path] ends with the path.
type base struct {
	url                       string
	scheme, origin, dir, path int
}

// newBase returns the base of a normalised URL.
func newBase(url string) base {
	b := base{url: url, scheme: strings.IndexByte(url, ':'), path: len(url)}
	if i := strings.IndexByte(url, '?'); i >= 0 {
		b.path = i
	}
	b.dir = strings.LastIndexByte(url[:b.path], '/')
	host := b.scheme + len("://")
	b.origin = host + strings.IndexByte(url[host:], '/')
	return b
}

// appendURL appends the URL that ref names when seen from b. It does not
// change ref. After an error dst may hold a part of the URL.
func appendURL(dst []byte, b *base, ref []byte) ([]byte, error) {
	ref = strip(ref)
	scheme, rest := cutScheme(ref)
	if scheme == "" && len(ref) != len(rest) {
		return dst, errScheme
	}
	if i := bytes.IndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	if len(rest) > maxURL {
		return dst, errLong
	}
	if scheme == "" {
		if b.url == "" {
			return dst, errRelative
		}
		scheme = b.url[:b.scheme]
	}
	var err error
	start := len(dst)
	if n := slashes(rest); n > 1 || scheme != b.url[:b.scheme] {
		// Any number of slashes may stand before the host.
		dst, err = appendAbsolute(dst, b, scheme, rest[n:])
	} else {
		dst = appendRelative(dst, b, rest)
	}
	if err == nil && len(dst)-start > maxURL {
		err = errLong
	}
	return dst, err
}

// appendRelative appends the URL of a reference without scheme and host.
func appendRelative(dst []byte, b *base, ref []byte) []byte {
	root := len(dst) + b.origin
	switch {
	case len(ref) == 0:
		return append(dst, b.url...)
	case ref[0] == '?':
		dst = append(dst, b.url[:b.path]...)
	case ref[0] == '/' || ref[0] == '\\':
		dst, ref = appendPath(append(dst, b.url[:b.origin]...), root, ref[1:])
	default:
		dst, ref = appendPath(append(dst, b.url[:b.dir]...), root, ref)
	}
	return appendEncoded(dst, ref, inQuery)
}

// appendAbsolute appends the URL of a reference that starts with its host.
func appendAbsolute(dst []byte, b *base, scheme string, ref []byte) ([]byte, error) {
	end := 0
	for end < len(ref) && class[ref[end]]&endsAuthority == 0 {
		end++
	}
	authority, ref := ref[:end], ref[end:]
	dst = append(dst, scheme...)
	dst = append(dst, "://"...)
	if b.url != "" && scheme == b.url[:b.scheme] && string(authority) == b.url[b.scheme+len("://"):b.origin] {
		dst = append(dst, authority...)
	} else {
		var err error
		if dst, err = appendAuthority(dst, scheme, authority); err != nil {
			return dst, err
		}
	}
	if slashes(ref) > 0 {
		ref = ref[1:]
	}
	dst, ref = appendPath(dst, len(dst), ref)
	return appendEncoded(dst, ref, inQuery), nil
}

// cutScheme returns what follows the scheme of ref, and the scheme if it is
// http or https. Without a scheme it returns all of ref.
func cutScheme(ref []byte) (scheme string, rest []byte) {
	for i, c := range ref {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return web(ref[:i]), ref[i+1:]
		default:
			return "", ref
		}
	}
	return "", ref
}

// web returns the lower-cased scheme if it is one of the web.
func web(scheme []byte) string {
	for _, s := range [...]string{"https", "http"} {
		if bytes.EqualFold(scheme, []byte(s)) {
			return s
		}
	}
	return ""
}

// slashes counts the slashes and backslashes that ref starts with.
func slashes(ref []byte) int {
	n := 0
	for n < len(ref) && (ref[n] == '/' || ref[n] == '\\') {
		n++
	}
	return n
}

// trim removes the white space and controls around ref.
func trim(ref []byte) []byte {
	for len(ref) > 0 && ref[0] <= ' ' {
		ref = ref[1:]
	}
	for len(ref) > 0 && ref[len(ref)-1] <= ' ' {
		ref = ref[:len(ref)-1]
	}
	return ref
}

// strip trims ref and removes the tabs and line ends in it.
func strip(ref []byte) []byte {
	ref = trim(ref)
	if bytes.IndexByte(ref, '\t') < 0 && bytes.IndexByte(ref, '\n') < 0 && bytes.IndexByte(ref, '\r') < 0 {
		return ref
	}
	out := make([]byte, 0, len(ref))
	for _, c := range ref {
		if c != '\t' && c != '\n' && c != '\r' {
			out = append(out, c)
		}
	}
	return out
}
