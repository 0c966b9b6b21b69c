package page

import (
	"bytes"
	"net/netip"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// maxHost limits a host as written, since encoding one for DNS takes quadratic
// time. The longest name of DNS has 253 bytes.
const maxHost = 512

// appendAuthority appends the host and port of authority, without credentials.
func appendAuthority(dst []byte, scheme string, authority []byte) ([]byte, error) {
	if i := bytes.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	host, port := cutPort(authority)
	dst, err := appendHost(dst, host)
	if err != nil {
		return dst, err
	}
	for len(port) > 1 && port[0] == '0' {
		port = port[1:]
	}
	number := 0
	for i, c := range port {
		if c < '0' || c > '9' || i >= len("65535") {
			return dst, errPort
		}
		number = number*10 + int(c-'0')
	}
	if number > 65535 {
		return dst, errPort
	}
	if len(port) == 0 || scheme == "http" && number == 80 || scheme == "https" && number == 443 {
		return dst, nil
	}
	dst = append(dst, ':')
	return append(dst, port...), nil
}

// cutPort splits authority at the first colon that is not in brackets.
func cutPort(authority []byte) (host, port []byte) {
	brackets := false
	for i, c := range authority {
		switch c {
		case '[':
			brackets = true
		case ']':
			brackets = false
		case ':':
			if !brackets {
				return authority[:i], authority[i+1:]
			}
		}
	}
	return authority, nil
}

// appendHost appends host in its normal form.
func appendHost(dst, host []byte) ([]byte, error) {
	if plainHost(host) {
		for _, c := range host {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
		}
		return dst, nil
	}
	if len(host) == 0 || len(host) > maxHost {
		return dst, errHost
	}
	// netip takes only what is in normal form already.
	if ip, err := netip.ParseAddr(string(host)); err == nil && ip.Is4() {
		return append(dst, host...), nil
	}
	name, err := parseHost(string(host))
	if err == nil && strings.Contains(name, "xn--") {
		// A few names are encoded to one that no parser takes.
		name, err = parseHost(name)
	}
	return append(dst, name...), err
}

// parseHost returns the normal form of host.
func parseHost(host string) (string, error) {
	u, err := whatwg.Parse("http://" + host + "/")
	if err != nil {
		return "", errHost
	}
	return u.Hostname(), nil
}

// plainHost reports whether host is a name whose normal form is itself in
// lower case: ASCII letters and digits, with single dots and hyphens between
// them, and a last label that cannot be a number.
func plainHost(host []byte) bool {
	label, last := 0, byte('.')
	for i, c := range host {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9':
		case c == '-' && last != '.' && last != '-':
		case c == '.' && last != '.' && last != '-':
			label = i + 1
		default:
			return false
		}
		last = c
	}
	return label < len(host) && last != '-' && host[label] > '9'
}
