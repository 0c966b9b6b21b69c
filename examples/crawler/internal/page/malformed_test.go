package page

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestMalformed(t *testing.T) {
	testLinks(t, []linkTest{
		{"", nil},
		{"<", nil},
		{"<a", nil},
		{"<a href=x", nil},
		{"<a href='x", nil},
		{"<a href='x>y</a><a href=z>w</a>", nil},
		{"</", nil},
		{"</>", nil},
		{"<>", nil},
		{"< a href=x>", nil},
		{"<a href=x>y", []string{"/dir/x y"}},
		{"<a href=x>y<", []string{"/dir/x y<"}},
		{"<a href=x>y</a", []string{"/dir/x y"}},
		{"<a href=x>y</b></p></a></a>z", []string{"/dir/x y"}},
		{"<a href=x>1<a href=y>2</a>3</a>4", []string{"/dir/x 1", "/dir/y 2"}},
		{"<a href=x>1<a name=y>2</a>", []string{"/dir/x 1"}},
		{"<a href=x>1<p><a href=y>2", []string{"/dir/x 1", "/dir/y 2"}},
		{"<a href=x>a<div href=y>b<span>c</a>d", []string{"/dir/x a bc"}},
		{`<a/href="x"/class=b>y</a>`, []string{"/dir/x y"}},
		{`<a href = x >y</a>`, []string{"/dir/x y"}},
		{`<a href=x"y'>z</a>`, []string{"/dir/x%22y' z"}},
		{`<a "' = z href=x = == '>y</a>`, []string{"/dir/x y"}},
		{`<a b="c"href=x>y</a>`, []string{"/dir/x y"}},
		{`<a href>y</a><a href=>z</a>`, nil},
		{`<a hr\ef=x <b>y</a>`, nil},
		{"<a\x00href=x>y</a>", nil},
		{"<a href=x\x00z>y\x00</a>", []string{"/dir/x%EF%BF%BDz y"}},
		{"<a hr\x00ef=x>y</a>", nil},
		{"\x00<a href=x>y</a>\x00", []string{"/dir/x y"}},
		{"<\x00a href=x>", nil},
		{"<?php <a href=x>y</a>", nil},
		{"<!doctype <a href=x>y</a>", nil},
		{"<!a><a href=x>y</a>", []string{"/dir/x y"}},
		{"<a href=x><table><tr><td>a</td><td>b</td></table></a>", []string{"/dir/x a b"}},
	})
}

// TestLarge has one input for each part that could take more than linear time
// or memory.
func TestLarge(t *testing.T) {
	const n = 1 << 20
	big := strings.Repeat("a", n)
	pg := parse(`<p title="` + big + `"><a href="x" title='` + big + `'>y</a><a ` + big + `=1 href=z>w</a>`)
	require.Equal(t, []string{"/dir/x y", "/dir/z w"}, links(pg))

	pg = parse(`<a href="` + big + `">x</a><a href="#` + big + `">y</a><a href="javascript:` + big + `">z</a><a href="y#` + big + `">` + big + `</a>`)
	require.Len(t, pg.Links, 2)
	require.ErrorIs(t, pg.Links[0].Err, errLong)
	require.Equal(t, big[:maxReference], pg.Links[0].URL)
	require.Equal(t, Link{URL: "http://example.com/dir/y", Text: big[:maxText]}, pg.Links[1])

	deep := n / 16
	for _, s := range []string{"<div>", "<svg>", "</svg>", "<template>", "<a>", "<", "&", "&#", "<!--", "<title>", "<p a=1 b>", "</p>", "\x00"} {
		pg = parse(`<a href=x>y</a>` + strings.Repeat(s, deep) + `<a href=z>`)
		require.NotEmpty(t, pg.Links, s)
		require.Equal(t, "http://example.com/dir/x", pg.Links[0].URL)
	}
	pg = parse(`<a href=x>` + strings.Repeat("<b>", deep) + "y" + strings.Repeat("</b>", deep) + `z</a>`)
	require.Equal(t, []string{"/dir/x yz"}, links(pg))
	p := NewParser()
	pg = p.Parse(pageURL, utf8HTML, []byte(strings.Repeat("<svg><desc>", deep)+strings.Repeat("</math>", deep)+`<a href=x>y</a>`))
	require.Equal(t, []string{"/dir/x y"}, links(pg))
	require.LessOrEqual(t, len(p.scopes), maxScopes)

	var attributes strings.Builder
	for i := range deep {
		attributes.WriteString(" a")
		attributes.WriteString(strings.Repeat("b", i%100))
	}
	pg = parse(`<a` + attributes.String() + ` href=x>y</a><img srcset="` + strings.Repeat("a 1x (", deep) + `"><img srcset="` + strings.Repeat(",", n) + `z">`)
	require.Equal(t, []string{"/dir/x y", "/dir/z img"}, links(pg))
}

func FuzzParse(f *testing.F) {
	for _, page := range site()[:1] {
		f.Add("text/html; charset=utf-8", page)
	}
	for _, s := range []string{
		`<base href=/b/><a href=x>y<img src=z alt=w></a>`,
		`<a href=x>y</a><base href="mailto:a"><svg><title>a</title><style><p></style>`,
		`<template><a href=x></template><img srcset="a 1x, b 2x,c"><meta http-equiv=refresh content="0;url='x'">`,
		"<a href='\xff\x00'>\xff\x00</a><title>\xc3",
		"\xff\xfe<\x00a\x00",
	} {
		f.Add("text/html", []byte(s))
	}
	p := NewParser()
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		pg := p.Parse(pageURL, contentType, body)
		fresh := NewParser().Parse(pageURL, contentType, body)
		require.Equal(t, fresh, pg, "a Parser remembers what it must not")
		require.True(t, utf8.ValidString(pg.Title))
		require.LessOrEqual(t, len(pg.Title), maxTitle)
		seen := map[string]bool{pageURL: true}
		for _, l := range pg.Links {
			require.True(t, utf8.ValidString(l.Text))
			require.LessOrEqual(t, len(l.Text), maxText)
			require.Equal(t, strings.Join(strings.FieldsFunc(l.Text, isSpace), " "), l.Text)
			if l.Err != nil {
				require.LessOrEqual(t, len(l.URL), maxReference)
				continue
			}
			require.False(t, seen[l.URL], l.URL)
			seen[l.URL] = true
			again, err := Normalize(l.URL)
			require.NoError(t, err)
			require.Equal(t, l.URL, again)
			_, err = url.Parse(l.URL)
			if err != nil { // net/url refuses a bad percent sign only
				require.Contains(t, err.Error(), "invalid URL escape")
			}
		}
	})
}
