package main

import "strings"

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"

// linksOfFaults are the links that are found on the pages of contentFaults.
var linksOfFaults = []link{
	{"/unclosed", "/target", "to the target"},
	{"/unclosed", "/zipped", "and on"},
	{"/nul", "/a%EF%BF%BDb", "two"},
	{"/soup", "/target", "x"},
	{"/nested", "/target", "deep"},
	{"/bad-type", "/target", linkText},
	{"/untyped", "/target", linkText},
	{"/bad-parameter", "/target", linkText},
}

// contentFaults are those of pages that are not what they should be. Browsers
// make something of most of them, and so must the crawler.
func contentFaults() []planted {
	read := func(target, header, body, title string) planted {
		return planted{
			target: target,
			answer: reply(200, header, body),
			want:   row{Status: 200, Attempts: 1, Depth: 1, Size: int64(len(body)), Title: title},
		}
	}
	wrong := func(target, header, body, text string) planted {
		return planted{
			target: target,
			answer: reply(200, header, body),
			want:   failed(200, "content", text, 1).sized(int64(len(body))),
		}
	}
	const (
		linked = `<!DOCTYPE html><title>Page</title><a href="/target">` + linkText + `</a>`
		svg    = "<!-- drawn by hand -->\n<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"
	)
	deep := "<title>Nested</title>" + strings.Repeat("<div><b>", 50_000) + `<a href="/target">deep`
	soup := `<title =a b"c 'd>Soup</title><p "" '' <x><a title="<a href='/unread'>" / href = /target href=/unread onclick='">'>x</a></a></p/><>`
	return []planted{
		read("/unclosed", typeHTML, `<title>Unclosed</title><table><tr><td><a href="/target">to <b><i>the target<p><a href=/zipped>and on<!-- no end <a href=/unread>`, "Unclosed"),
		read("/nul", typeHTML, "<title>N\x00UL</title>\x00<a href=\"/a\x00b\">t\x00wo</a>\x00<!\x00>", "N\ufffdUL"),
		{target: "/a%EF%BF%BDb", answer: titled("Zero"), want: ok("Zero").at(2), behind: true},
		read("/soup", typeHTML, soup, "Soup"),
		read("/nested", typeHTML, deep, "Nested"),
		wrong("/png-as-html", typeHTML, png, "declared as text/html, but is image/png"),
		wrong("/html-as-png", typePNG, linked, "declared as image/png, but is text/html"),
		read("/png", typePNG, png, ""),
		// That an SVG file begins with a comment makes no page of it.
		read("/svg", "Content-Type: image/svg+xml\r\n", svg, ""),
		read("/text", "Content-Type: text/plain\r\n", linked, ""),
		read("/untyped", "", linked, "Page"),
		read("/untyped-png", "", png, ""),
		read("/bad-type", "Content-Type: ;;/;\r\n", linked, "Page"),
		read("/bad-parameter", "Content-Type: text/html; charset\r\n", linked, "Page"),
		read("/unknown-charset", "Content-Type: text/html; charset=no-such\r\n", "<title>Gr\u00fcn</title>", "Gr\u00fcn"),
		read("/not-utf-8", typeHTML, "<title>Gr\xfcn</title>", "Gr\ufffdn"),
		read("/latin-1", "Content-Type: text/html; charset=iso-8859-1\r\n", "<title>Gr\xfcn</title>", "Gr\u00fcn"),
	}
}
