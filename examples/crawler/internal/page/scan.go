package page

import "golang.org/x/net/html/atom"

// start takes the start tag that p.z is at.
func (p *Parser) start(selfClosing bool) {
	a := tagName(p.z.Raw()[1:])
	foreign := p.scopes.start(a, selfClosing)
	if foreign || a == atom.Noscript {
		p.z.NextIsNotRawText()
	}
	p.z.AllowCDATA(p.scopes.foreign())
	if a == 0 || p.scopes.inert() {
		return
	}
	if p.open != none && breaksText(a) {
		p.anchor = appendSpace(p.anchor)
	}
	if !foreign {
		p.hidden = 0
	}
	if hidesText(a, foreign) && !(foreign && selfClosing) {
		p.hidden = a
	}
	switch {
	case !foreign:
		p.element(a)
	case a == atom.A:
		p.openAnchor()
	}
}

// end takes the end tag that p.z is at.
func (p *Parser) end() {
	p.titling = false
	a := tagName(p.z.Raw()[2:])
	p.scopes.end(a)
	p.z.AllowCDATA(p.scopes.foreign())
	if a == 0 || p.scopes.inert() {
		return
	}
	if a == p.hidden {
		p.hidden = 0
	}
	switch {
	case p.open == none:
	case a == atom.A:
		p.closeAnchor()
	case breaksText(a):
		p.anchor = appendSpace(p.anchor)
	}
}

// text takes the text that p.z is at.
func (p *Parser) text() {
	switch {
	case p.titling:
		p.page.Title = string(finish(appendText(nil, p.z.Text(), maxTitle), maxTitle))
		p.titling = false
	case p.open != none && p.hidden == 0 && !p.scopes.inert():
		p.anchor = appendText(p.anchor, p.z.Text(), maxText)
	}
}

// openAnchor takes the start tag of an anchor. An anchor without an address
// ends the one before, too.
func (p *Parser) openAnchor() {
	p.closeAnchor()
	if at := p.attributes(); at.hasHref {
		p.open = p.add(at.href)
		p.anchor = p.anchor[:0]
	}
}

func (p *Parser) closeAnchor() {
	if p.open != none {
		p.describe(p.open, finish(p.anchor, maxText))
		p.open = none
	}
}

// tagName returns the atom of the name that tag starts with, or 0 if it is not
// the name of a known element.
func tagName(tag []byte) atom.Atom {
	var name [16]byte
	n := 0
	for _, c := range tag {
		switch c {
		case ' ', '\n', '\r', '\t', '\f', '/', '>':
			return atom.Lookup(name[:n])
		}
		if n == len(name) {
			return 0
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		name[n] = c
		n++
	}
	return atom.Lookup(name[:n])
}
