// Package page reads HTML pages the way browsers do, for a crawler or a link
// checker: the links, the title and whether robots may follow.
//
// The obvious tools get the corners wrong or are slow. net/url neither drops a
// default port nor turns a backslash into a slash, and a full HTML parser
// builds a tree only to have it thrown away. This package makes one pass over
// the tokens of a page and follows three standards of the WHATWG: HTML for
// what is a link and which base it has, URL for what the link means, and
// Encoding for the bytes the page is written in.
//
// It is not for questions about the structure of a document. Where a browser
// would move or drop misplaced elements (a row outside a table, an image in an
// old select), this package reads them where they stand. It does not run
// scripts: elements in noscript count. A link's query is always encoded as
// UTF-8, where browsers use the charset of the page.
//
// A [Parser] keeps its buffers between pages and belongs to one goroutine.
// [Normalize] is safe for concurrent use. Nothing here starts a goroutine or
// does I/O.
//
//	p := page.NewParser()
//	for each response of the crawl {
//		pg := p.Parse(url, header.Get("Content-Type"), body)
//		for _, l := range pg.Links { ... }
//	}
package page

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxLinks     = 10_000 // links of one page
	maxText      = 200    // bytes of a link's text
	maxTitle     = 300    // bytes of a title
	maxReference = 2048   // bytes of a reference that is no URL
	maxHint      = 256    // links to make room for ahead
)

// Link is one reference found on a page.
type Link struct {
	// URL is absolute and normalised as by [Normalize]. If Err is not nil it
	// is the reference as written, trimmed and cut to 2048 bytes.
	URL string
	// Text is what a reader sees, with runs of ASCII white space as one space
	// and cut to 200 bytes at a rune: the text of an anchor with the
	// alternative text of the images in it, the alternative text of an image
	// or area, and for every other element its name, such as "script" or
	// "link rel=stylesheet". An image or area without one has its name too.
	Text string
	// Err tells why the reference is not a valid URL.
	Err error
}

// Page is what a crawler needs of an HTML document.
type Page struct {
	// Title is the text of the first title element, with runs of white space
	// as one space, cut to 300 bytes at a rune.
	Title string
	// Links are in document order, each URL once with the first text that is
	// not empty. References to other schemes than http and https and to the
	// page itself are left out, and so is what follows the 10,000th link. A
	// reference that is only a fragment is to the page itself, unless a base
	// element makes it one to the base.
	Links []Link
	// NoFollow reports whether a robots meta element says nofollow or none.
	NoFollow bool
}

// A Parser reads pages of one crawl. It remembers the URLs it met lately, in a
// few megabytes, since the pages of a site repeat their links.
//
// A Parser is not safe for concurrent use. What Parse returned stays valid
// after later calls.
//
// Invariants: open is the number of a URL in urls that was met on this page, or
// none. anchor holds the text of that link so far, at most maxText+1 bytes.
// Once settled, base does not change.
type Parser struct {
	urls   table
	hint   int // links to make room for
	body   bytes.Reader
	url    []byte // scratch for one URL
	label  []byte // scratch for the text of one element
	anchor []byte

	// The page that is being read.
	z        *html.Tokenizer
	page     Page
	original base // the URL of the page
	base     base
	settled  bool      // the base element was met
	again    bool      // it was met after links, which must be read again
	open     int32     // the anchor around the token
	hidden   atom.Atom // the element around it whose text no reader sees
	titled   bool      // the title was met
	titling  bool      // the next token is its text
	scopes   scopes
}

// NewParser returns a Parser.
func NewParser() *Parser {
	return &Parser{urls: newTable()}
}

// Parse reads the page at pageURL, which came with the given Content-Type
// header. The character encoding is that of a byte order mark, the header or a
// meta element, in this order, or else a guess. Invalid bytes are read as
// U+FFFD.
//
// Parse has no errors: any body is a page, as in browsers. If pageURL is not an
// http or https URL, relative references become links with an Err unless a
// base element helps. Parse reads all of body, which the caller should limit,
// takes time linear in its length, and does not keep or change it.
func (p *Parser) Parse(pageURL, contentType string, body []byte) Page {
	body = decode(body, contentType)
	p.original = base{}
	if u, err := Normalize(pageURL); err == nil {
		p.original = newBase(u)
	}
	p.base, p.settled = p.original, false
	p.read(body)
	if p.again {
		p.read(body)
	}
	pg := p.page
	p.hint = min(len(pg.Links), maxHint)
	p.page, p.z = Page{}, nil
	p.body.Reset(nil)
	return pg
}

// read makes one pass over body. It stops early if it meets a base element
// after links.
func (p *Parser) read(body []byte) {
	p.body.Reset(body)
	p.z = html.NewTokenizer(&p.body)
	p.page = Page{Links: make([]Link, 0, p.hint)}
	p.urls.turn(p.original.url)
	p.again, p.titled, p.titling = false, false, false
	p.open, p.hidden = none, 0
	p.scopes = p.scopes[:0]
	for !p.again {
		switch p.z.Next() {
		case html.ErrorToken:
			p.closeAnchor()
			return
		case html.TextToken:
			p.text()
		case html.StartTagToken:
			p.start(false)
		case html.SelfClosingTagToken:
			p.start(true)
		case html.EndTagToken:
			p.end()
		}
	}
}
