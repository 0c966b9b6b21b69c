package page

import (
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// isSpace reports whether r is white space of HTML.
func isSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '\f'
}

// appendText appends s with runs of white space as one space, up to the rune
// that exceeds limit. NUL is dropped, as browsers do.
func appendText(dst, s []byte, limit int) []byte {
	for _, c := range s {
		if len(dst) > limit {
			return dst
		}
		switch {
		case isSpace(rune(c)):
			dst = appendSpace(dst)
		case c != 0:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendSpace ends the word at the end of dst.
func appendSpace(dst []byte) []byte {
	if len(dst) == 0 || dst[len(dst)-1] == ' ' {
		return dst
	}
	return append(dst, ' ')
}

// finish returns the text of at most limit bytes that appendText built.
func finish(text []byte, limit int) []byte {
	text = cut(text, limit)
	if n := len(text); n > 0 && text[n-1] == ' ' {
		text = text[:n-1]
	}
	return text
}

// cut returns at most limit bytes of s, which end with a whole rune.
func cut(s []byte, limit int) []byte {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// hidesText reports whether the text in a is not for readers.
func hidesText(a atom.Atom, foreign bool) bool {
	switch a {
	case atom.Script, atom.Style:
		return true
	case atom.Iframe, atom.Noembed, atom.Noframes, atom.Textarea, atom.Title:
		return !foreign
	}
	return false
}

// breaksText reports whether a starts a new line or cell, so that the words
// before and after it are not one.
func breaksText(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Br,
		atom.Center, atom.Dd, atom.Details, atom.Div, atom.Dl, atom.Dt,
		atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header,
		atom.Hgroup, atom.Hr, atom.Li, atom.Main, atom.Menu, atom.Nav, atom.Ol,
		atom.Option, atom.P, atom.Pre, atom.Section, atom.Summary, atom.Table,
		atom.Td, atom.Th, atom.Tr, atom.Ul:
		return true
	}
	return false
}
