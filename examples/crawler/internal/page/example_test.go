package page_test

import (
	"fmt"

	"github.com/interleave-go/interleave/examples/crawler/internal/page"
)

func ExampleParser_Parse() {
	p := page.NewParser()
	pg := p.Parse("https://example.com/blog/", "text/html; charset=utf-8", []byte(`
		<title>My  blog</title>
		<a href="first.html#comments">The <b>first</b> post</a>
		<a href="//Example.COM:443/about"><img src="me.png" alt="About me"></a>
		<a href="http://[nonsense/">broken</a>
		<a href="mailto:me@example.com">not for a crawler</a>`))

	fmt.Println(pg.Title)
	for _, l := range pg.Links {
		fmt.Printf("%q %s %v\n", l.Text, l.URL, l.Err)
	}
	// Output:
	// My blog
	// "The first post" https://example.com/blog/first.html <nil>
	// "About me" https://example.com/about <nil>
	// "About me" https://example.com/blog/me.png <nil>
	// "broken" http://[nonsense/ invalid host
}

func ExampleNormalize() {
	u, err := page.Normalize(`HTTP://user@BÜCHER.example:80\a/../b c?d#e`)
	fmt.Println(u, err)
	// Output: http://xn--bcher-kva.example/b%20c?d <nil>
}
