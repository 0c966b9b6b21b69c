package store

// A cache remembers the places of the URLs looked up lately, in bounded memory:
// the links of a site refer to the same pages over and over.
//
// It keeps two generations. What is used moves to the young one; when that is
// full, it becomes the old one and what the old one held is forgotten.
type cache struct {
	young, old map[string]spot
}

// spot is where in the crawl a URL is: both are the smallest found so far.
type spot struct {
	depth int32 // links from a start page
	hops  int32 // redirects since the last link
}

// leftOut is the spot of URLs that are outside the limits wherever they turn up.
var leftOut = spot{-1, -1}

func (s spot) covers(other spot) bool { return s.depth <= other.depth && s.hops <= other.hops }

const generation = 32 << 10

func newCache() cache { return cache{young: map[string]spot{}} }

func (c *cache) get(url string) (spot, bool) {
	at, ok := c.young[url]
	if !ok {
		if at, ok = c.old[url]; ok {
			c.put(url, at)
		}
	}
	return at, ok
}

func (c *cache) put(url string, at spot) {
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[string]spot, generation)
	}
	c.young[url] = at
}
