package page

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// attributes are the values of a tag's attributes that matter here. They are
// valid until the next token.
type attributes struct {
	alt, content, data, href, httpEquiv []byte
	name, poster, rel, src, srcset      []byte
	hasHref                             bool // href may be there and empty
}

// attributes reads the attributes of the tag that p.z is at.
func (p *Parser) attributes() (at attributes) {
	for more := true; more; {
		var key, value []byte
		key, value, more = p.z.TagAttr()
		switch string(key) {
		case "alt":
			at.alt = value
		case "content":
			at.content = value
		case "data":
			at.data = value
		case "href":
			at.href, at.hasHref = value, true
		case "http-equiv":
			at.httpEquiv = value
		case "name":
			at.name = value
		case "poster":
			at.poster = value
		case "rel":
			at.rel = value
		case "src":
			at.src = value
		case "srcset":
			at.srcset = value
		}
	}
	return at
}

// element takes the start tag of an HTML element.
func (p *Parser) element(a atom.Atom) {
	switch a {
	case atom.A:
		p.openAnchor()
	case atom.Area:
		if at := p.attributes(); at.hasHref {
			p.describe(p.add(at.href), p.alternative(at.alt, "area"))
		}
	case atom.Base:
		if !p.settled {
			p.setBase()
		}
	case atom.Img, atom.Image: // browsers take one for the other
		p.image()
	case atom.Source:
		at := p.attributes()
		p.resource(at.src, "source")
		for ref := range candidates(at.srcset) {
			p.resource(ref, "source")
		}
	case atom.Script, atom.Iframe, atom.Frame, atom.Embed, atom.Audio:
		p.resource(p.attributes().src, a.String())
	case atom.Video:
		at := p.attributes()
		p.resource(at.src, "video")
		p.resource(at.poster, "video")
	case atom.Object:
		p.resource(p.attributes().data, "object")
	case atom.Link:
		if at := p.attributes(); !hintsOnly(at.rel) {
			p.label = append(p.label[:0], "link"...)
			if len(at.rel) > 0 {
				p.label = appendText(append(p.label, " rel="...), at.rel, maxText)
			}
			p.resource(at.href, string(finish(p.label, maxText)))
		}
	case atom.Meta:
		p.meta()
	case atom.Title:
		p.titling, p.titled = !p.titled, true
	}
}

// resource adds what an element embeds. Unlike that of an anchor, an empty
// reference is none.
func (p *Parser) resource(ref []byte, name string) {
	if len(trim(ref)) > 0 {
		p.describe(p.add(ref), append(p.label[:0], name...))
	}
}

// image takes an image, whose alternative text is text of the anchor around.
func (p *Parser) image() {
	at := p.attributes()
	if p.open != none && p.hidden == 0 {
		p.anchor = appendSpace(p.anchor)
		p.anchor = appendText(p.anchor, at.alt, maxText)
		p.anchor = appendSpace(p.anchor)
	}
	if len(trim(at.src)) > 0 {
		p.describe(p.add(at.src), p.alternative(at.alt, "img"))
	}
	for ref := range candidates(at.srcset) {
		p.describe(p.add(ref), p.alternative(at.alt, "img"))
	}
}

// alternative returns the text of alt, or name if it has none.
func (p *Parser) alternative(alt []byte, name string) []byte {
	p.label = finish(appendText(p.label[:0], alt, maxText), maxText)
	if len(p.label) == 0 {
		p.label = append(p.label, name...)
	}
	return p.label
}

// setBase takes the first base element with an address, which holds for the
// links before it too. An address that is no URL, or one that could run code,
// is ignored. With one of another scheme, only absolute links have a meaning.
func (p *Parser) setBase() {
	at := p.attributes()
	if !at.hasHref {
		return
	}
	p.settled = true
	b := p.original
	url, err := appendURL(nil, &p.original, at.href)
	if err == nil {
		b = newBase(string(url))
	} else if err == errScheme && !inlineScheme(strip(at.href)) {
		b = base{}
	}
	p.again = b != p.base && len(p.page.Links) > 0
	p.base = b
}

// inlineScheme reports whether the content of url is in it.
func inlineScheme(url []byte) bool {
	scheme, _, _ := bytes.Cut(url, []byte(":"))
	return bytes.EqualFold(scheme, []byte("data")) || bytes.EqualFold(scheme, []byte("javascript"))
}

// hintsOnly reports whether every type in rel only names a host to connect to.
func hintsOnly(rel []byte) bool {
	hints := false
	for t := range bytes.FieldsFuncSeq(rel, isSpace) {
		hints = bytes.EqualFold(t, []byte("preconnect")) || bytes.EqualFold(t, []byte("dns-prefetch"))
		if !hints {
			return false
		}
	}
	return hints
}
