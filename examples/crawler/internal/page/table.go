package page

const (
	none = -1 // no entry of a table
	self = -1 // the link number of the page's own URL

	maxKnown      = 1 << 14 // entries a table starts a page with
	maxKnownBytes = 4 << 20 // and the bytes of their strings
)

// A table remembers URLs, so that a URL met again costs no allocation, and
// which of them were met on the current page.
//
// Invariants: urls[index[u]].url == u, but for references with an error, which
// are indexed with a leading space that no URL has.
type table struct {
	index map[string]int32
	urls  []known
	bytes int
	page  uint64
}

// known is what is remembered of a URL.
type known struct {
	url  string
	text string // its text when last met
	page uint64 // the page it was last met on
	link int    // its number among the links of that page, or self
}

func newTable() table {
	return table{index: make(map[string]int32)}
}

// turn starts a page and forgets everything if that is too much by now. An
// own URL that is not empty counts as met.
func (t *table) turn(own string) {
	if len(t.urls) > maxKnown || t.bytes > maxKnownBytes {
		*t = table{index: make(map[string]int32), page: t.page}
	}
	t.page++
	if own != "" {
		k := &t.urls[t.id([]byte(own))]
		k.page, k.link = t.page, self
	}
}

// id returns the number of the entry of key, which is made if there is none.
func (t *table) id(key []byte) int32 {
	if id, ok := t.index[string(key)]; ok {
		return id
	}
	id, url := int32(len(t.urls)), string(key)
	t.index[url] = id
	t.bytes += len(url) + maxText
	if url[0] == ' ' {
		url = url[1:]
	}
	t.urls = append(t.urls, known{url: url})
	return id
}

// add records the link that ref names. It returns the number of its URL if the
// link still wants a text, or else none.
func (p *Parser) add(ref []byte) int32 {
	if len(p.page.Links) == maxLinks {
		return none
	}
	var err error
	p.url, err = appendURL(p.url[:0], &p.base, ref)
	if err == errScheme {
		return none
	}
	if err != nil {
		p.url = append(p.url[:0], ' ')
		p.url = append(p.url, cut(trim(ref), maxReference)...)
	}
	id := p.urls.id(p.url)
	k := &p.urls.urls[id]
	if k.page != p.urls.page {
		k.page, k.link = p.urls.page, len(p.page.Links)
		p.page.Links = append(p.page.Links, Link{URL: k.url, Err: err})
		return id
	}
	if k.link == self || p.page.Links[k.link].Text != "" {
		return none
	}
	return id
}

// describe gives text to the link that add returned id for.
func (p *Parser) describe(id int32, text []byte) {
	if id == none || len(text) == 0 {
		return
	}
	k := &p.urls.urls[id]
	if k.text != string(text) {
		k.text = string(text)
	}
	p.page.Links[k.link].Text = k.text
}
