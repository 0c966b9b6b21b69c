package page

import "bytes"

// meta takes a meta element, which may redirect or speak to robots.
func (p *Parser) meta() {
	at := p.attributes()
	if bytes.EqualFold(at.httpEquiv, []byte("refresh")) {
		p.resource(refreshURL(at.content), "meta http-equiv=refresh")
	}
	if bytes.EqualFold(trim(at.name), []byte("robots")) {
		rule := func(r rune) bool { return r == ',' || isSpace(r) }
		for r := range bytes.FieldsFuncSeq(at.content, rule) {
			if bytes.EqualFold(r, []byte("nofollow")) || bytes.EqualFold(r, []byte("none")) {
				p.page.NoFollow = true
			}
		}
	}
}

// refreshURL returns the address in the content of a refresh, by the HTML
// standard: a time, a separator, and an address that may follow "url=" and may
// be quoted. It is empty if the page only reloads itself.
func refreshURL(content []byte) []byte {
	s := skipSpace(content)
	n := digits(s)
	if n == 0 && (len(s) == 0 || s[0] != '.') {
		return nil
	}
	for s = s[n:]; len(s) > 0 && (s[0] == '.' || digits(s) > 0); {
		s = s[1:]
	}
	if len(s) == 0 || !isSpace(rune(s[0])) && s[0] != ';' && s[0] != ',' {
		return nil
	}
	s = skipSpace(s)
	if len(s) > 0 && (s[0] == ';' || s[0] == ',') {
		s = skipSpace(s[1:])
	}
	if len(s) >= len("url") && bytes.EqualFold(s[:len("url")], []byte("url")) {
		if t := skipSpace(s[len("url"):]); len(t) > 0 && t[0] == '=' {
			s = skipSpace(t[1:])
		} else {
			return s
		}
	}
	if len(s) > 0 && (s[0] == '"' || s[0] == '\'') {
		s, _, _ = bytes.Cut(s[1:], s[:1])
	}
	return s
}

// skipSpace returns s without the white space it starts with.
func skipSpace(s []byte) []byte {
	for len(s) > 0 && isSpace(rune(s[0])) {
		s = s[1:]
	}
	return s
}
