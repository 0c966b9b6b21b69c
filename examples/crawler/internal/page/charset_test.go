package page

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

func TestCharset(t *testing.T) {
	const (
		bomUTF8 = "\xef\xbb\xbf"
		meta    = `<meta charset=`
		late    = "<!-- " // followed by more bytes than the search for a meta element takes
	)
	utf16 := func(e unicode.Endianness, s string) string {
		out, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(s)
		require.NoError(t, err)
		return out
	}
	doc := func(text string) string {
		return "<title>" + text + "</title><a href='/" + text + "'>" + text + "</a>"
	}
	const (
		german   = "Gr\xfc\xdfe \x80"
		germanU  = "Grüße €"
		japanese = "\x93\xfa\x96\x7b\x8c\xea" // its last bytes contain no ASCII
		tricky   = "\x83\x5c\x95\x5c"         // where they do
	)
	for name, tt := range map[string]struct{ contentType, body, want string }{
		"utf-8 header":          {"text/html; charset=utf-8", doc(germanU), germanU},
		"utf-8 meta":            {"text/html", meta + "utf-8>" + doc(germanU), germanU},
		"utf-8 guessed":         {"text/html", doc(germanU), germanU},
		"utf-8 mark":            {"text/html; charset=windows-1252", bomUTF8 + doc(germanU), germanU},
		"utf-8 meta utf-16":     {"text/html", meta + "utf-16>" + doc(germanU), germanU},
		"windows-1252 header":   {"text/html; charset=windows-1252", doc(german), germanU},
		"latin1 is 1252":        {"text/html; charset=ISO-8859-1", doc(german), germanU},
		"windows-1252 meta":     {"text/html", meta + `"windows-1252">` + doc(german), germanU},
		"windows-1252 pragma":   {"", `<meta http-equiv=content-type content="text/html; charset=windows-1252">` + doc(german), germanU},
		"windows-1252 default":  {"text/html", doc(german), germanU},
		"header before meta":    {"text/html; charset=windows-1252", meta + "utf-8>" + doc(german), germanU},
		"unknown header":        {"text/html; charset=nonsense", meta + "windows-1252>" + doc(german), germanU},
		"broken header":         {";;=", meta + "windows-1252>" + doc(german), germanU},
		"late meta":             {"text/html", late + strings.Repeat("-", 1100) + ">" + meta + "utf-8>" + doc("\xc3\xbc"), "Ã¼"},
		"shift_jis header":      {"text/html; charset=Shift_JIS", doc(japanese), "日本語"},
		"shift_jis meta":        {"text/html", meta + "shift_jis>" + doc(tricky), "ソ表"},
		"euc-jp":                {"text/html; charset=euc-jp", doc("\xc6\xfc\xcb\xdc"), "日本"},
		"gbk":                   {"text/html; charset=gb2312", doc("\xd6\xd0"), "中"},
		"koi8-r":                {"text/html; charset=koi8-r", doc("\xc4\xc1"), "да"},
		"utf-16le mark":         {"text/html", utf16(unicode.LittleEndian, doc(germanU)), germanU},
		"utf-16be mark":         {"text/html; charset=utf-8", utf16(unicode.BigEndian, doc(germanU)), germanU},
		"utf-16le header":       {"text/html; charset=utf-16", utf16(unicode.LittleEndian, doc(germanU))[2:], germanU},
		"invalid utf-8":         {utf8HTML, doc("a\xffb\xc3\xe4\xb8"), "a\ufffdb\ufffd\ufffd"},
		"invalid utf-8 by meta": {"text/html", meta + "utf-16>" + doc("a\xff"), "a\ufffd"},
		"invalid shift_jis":     {"text/html; charset=shift_jis", doc("a\x81 b"), "a\ufffd b"},
		"overlong utf-8":        {utf8HTML, doc("\xc0\xaf"), "\ufffd\ufffd"},
		"surrogate":             {utf8HTML, doc("\xed\xa0\x80"), "\ufffd\ufffd\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			pg := NewParser().Parse(pageURL, tt.contentType, []byte(tt.body))
			require.Equal(t, tt.want, pg.Title)
			require.Len(t, pg.Links, 1)
			require.Equal(t, tt.want, pg.Links[0].Text)
			url, err := Normalize("http://example.com/" + tt.want)
			require.NoError(t, err)
			require.Equal(t, url, pg.Links[0].URL)
		})
	}
}

func TestOddLengthUTF16(t *testing.T) {
	pg := NewParser().Parse(pageURL, "", []byte("\xff\xfe<\x00t\x00i\x00t\x00l\x00e\x00>\x00a\x00b"))
	require.Equal(t, "a\ufffd", pg.Title)
}

func TestReplacementEncoding(t *testing.T) {
	pg := NewParser().Parse(pageURL, "text/html; charset=iso-2022-kr", []byte("<title>a</title><a href=b>c</a>"))
	require.Equal(t, Page{Links: []Link{}}, pg, "an encoding that browsers refuse as unsafe")
}

func TestUTF8IsNotCopied(t *testing.T) {
	body := []byte("<title>ä</title>")
	require.Same(t, &body[0], &decode(body, utf8HTML)[0])
}

func TestBodyUnchanged(t *testing.T) {
	for _, body := range []string{"<TITLE>A&amp;B\r\n</TITLE><A HREF='A&amp;B\r\n'>\x00</A>", "\xffA\x00"} {
		b := []byte(body)
		NewParser().Parse(pageURL, utf8HTML, b)
		require.Equal(t, body, string(b))
	}
}
