package page

import "fmt"

// Resolve returns the absolute URL that ref names when seen from the page at
// pageURL, which is normalised, as [Normalize] would return it.
func Resolve(pageURL, ref string) (string, error) {
	from := newBase(pageURL)
	u, err := appendURL(nil, &from, []byte(ref))
	if err != nil {
		return "", fmt.Errorf("resolve %.200q: %w", ref, err)
	}
	return string(u), nil
}
