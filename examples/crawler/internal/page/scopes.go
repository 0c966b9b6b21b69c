package page

import (
	"slices"

	"golang.org/x/net/html/atom"
)

// maxScopes limits the depth, far beyond what pages have. Deeper elements
// count as part of the last.
const maxScopes = 64

// scopes are the open elements that change how tokens in them are read: svg and
// math, whose content is not HTML, the elements in these whose content is HTML
// again, and templates, whose content is not part of the page.
type scopes []atom.Atom

// foreign reports whether the next element is one of SVG or MathML.
func (s scopes) foreign() bool {
	return len(s) > 0 && (s[len(s)-1] == atom.Svg || s[len(s)-1] == atom.Math)
}

// inert reports whether tokens are in a template.
func (s scopes) inert() bool {
	return slices.Contains(s, atom.Template)
}

// start takes a start tag and reports whether its element is foreign.
func (s *scopes) start(a atom.Atom, selfClosing bool) bool {
	if s.foreign() && leavesForeign(a) {
		s.leave()
	}
	foreign, opens := s.foreign(), false
	switch a {
	case atom.Svg, atom.Math:
		opens = !selfClosing
	case atom.Template:
		opens = !foreign
	case atom.Foreignobject, atom.Desc, atom.Title:
		opens = foreign && (*s)[len(*s)-1] == atom.Svg && !selfClosing
	case atom.Mi, atom.Mo, atom.Mn, atom.Ms, atom.Mtext:
		opens = foreign && (*s)[len(*s)-1] == atom.Math && !selfClosing
	}
	if opens && len(*s) < maxScopes {
		*s = append(*s, a)
	}
	return foreign
}

// end takes an end tag. One of an element that svg and math cannot have is
// taken for the end of an element around them.
func (s *scopes) end(a atom.Atom) {
	if s.foreign() && leavesForeign(a) {
		s.leave()
	}
	for i := len(*s) - 1; i >= 0; i-- {
		if (*s)[i] == a {
			*s = (*s)[:i]
			return
		}
		if (*s)[i] == atom.Template {
			return
		}
	}
}

// leave closes the open foreign elements up to one with HTML in it.
func (s *scopes) leave() {
	for s.foreign() {
		*s = (*s)[:len(*s)-1]
	}
}

// leavesForeign reports whether the start tag of a ends an svg or math that was
// not closed.
func leavesForeign(a atom.Atom) bool {
	switch a {
	case atom.B, atom.Big, atom.Blockquote, atom.Body, atom.Br, atom.Center,
		atom.Code, atom.Dd, atom.Div, atom.Dl, atom.Dt, atom.Em, atom.Embed,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Head,
		atom.Hr, atom.I, atom.Img, atom.Li, atom.Listing, atom.Menu, atom.Meta,
		atom.Nobr, atom.Ol, atom.P, atom.Pre, atom.Ruby, atom.S, atom.Small,
		atom.Span, atom.Strong, atom.Strike, atom.Sub, atom.Sup, atom.Table,
		atom.Tt, atom.U, atom.Ul, atom.Var:
		return true
	}
	return false
}
