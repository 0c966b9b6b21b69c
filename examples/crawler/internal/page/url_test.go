package page

import (
	"errors"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
	"github.com/stretchr/testify/require"
)

// reference resolves ref by the library that is the measure of this package.
// ok is false if the result is not a URL, even to the library itself, or not
// one of the web.
func reference(t *testing.T, base, ref string) (url string, ok bool) {
	t.Helper()
	u, err := whatwg.ParseRef(base, ref)
	if err != nil || u.Scheme() != "http" && u.Scheme() != "https" {
		return "", false
	}
	u.SetUsername("")
	u.SetPassword("")
	_, err = whatwg.Parse(u.Href(true))
	return u.Href(true), err == nil
}

func FuzzNormalize(f *testing.F) {
	for _, s := range normalized {
		f.Add(s.raw)
	}
	for _, s := range invalid {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > maxHost {
			return
		}
		want, ok := reference(t, "", raw)
		got, err := Normalize(raw)
		require.Equal(t, ok, err == nil, "%q: %v", raw, err)
		if ok {
			require.Equal(t, want, got, "%q", raw)
			again, err := Normalize(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, s := range resolved {
		f.Add(s.base, s.ref)
	}
	f.Fuzz(func(t *testing.T, raw, ref string) {
		if len(raw)+len(ref) > maxHost {
			return
		}
		url, err := Normalize(raw)
		if err != nil {
			return
		}
		b := newBase(url)
		want, ok := reference(t, url, ref)
		got, err := appendURL([]byte("before"), &b, []byte(ref))
		require.Equal(t, ok, err == nil, "%q seen from %q: %v", ref, url, err)
		if ok {
			require.Equal(t, "before"+want, string(got), "%q seen from %q", ref, url)
		}
	})
}

var normalized = []struct{ raw, want string }{
	{"http://example.com", "http://example.com/"},
	{"HTTP://EXAMPLE.com/A", "http://example.com/A"},
	{" \x00\x1f\thttp://example.com/ \n", "http://example.com/"},
	{"ht\ntp://exa\tmple.com/a\r\nb", "http://example.com/ab"},
	{"http:\\\\example.com\\a\\b?c\\d", "http://example.com/a/b?c\\d"},
	{"http:example.com/a", "http://example.com/a"},
	{"https:///example.com/a", "https://example.com/a"},
	{"http://example.com:80/", "http://example.com/"},
	{"https://example.com:443/", "https://example.com/"},
	{"https://example.com:80/", "https://example.com:80/"},
	{"http://example.com:443/", "http://example.com:443/"},
	{"http://example.com:/", "http://example.com/"},
	{"http://example.com:00080/", "http://example.com/"},
	{"http://example.com:08080/", "http://example.com:8080/"},
	{"http://example.com:0/", "http://example.com:0/"},
	{"http://user:secret@example.com/", "http://example.com/"},
	{"http://a@b@example.com/", "http://example.com/"},
	{"http://a@b:c@example.com/", "http://example.com/"},
	{"http://@example.com/@", "http://example.com/@"},
	{"http://example.com/a#b", "http://example.com/a"},
	{"http://example.com#b?c", "http://example.com/"},
	{"http://example.com/a #b", "http://example.com/a%20"},
	{"http://example.com?", "http://example.com/?"},
	{"http://example.com?a#", "http://example.com/?a"},
	{"http://example.com/a/./b/../c", "http://example.com/a/c"},
	{"http://example.com/a/%2e/b/%2E%2e/c", "http://example.com/a/c"},
	{"http://example.com/a/.%2e", "http://example.com/"},
	{"http://example.com/a/b/..", "http://example.com/a/"},
	{"http://example.com/a/b/.", "http://example.com/a/b/"},
	{"http://example.com/../../a", "http://example.com/a"},
	{"http://example.com/.../....", "http://example.com/.../...."},
	{"http://example.com//a///b//..", "http://example.com//a///b/"},
	{"http://example.com/ \"<>`{}'^|~!", "http://example.com/%20%22%3C%3E%60%7B%7D'^|~!"},
	{"http://example.com/? \"<>`{}'^|~!?/..", "http://example.com/?%20%22%3C%3E`{}%27^|~!?/.."},
	{"http://example.com/%zz%4%41", "http://example.com/%zz%4%41"},
	{"http://example.com/ä?ö", "http://example.com/%C3%A4?%C3%B6"},
	{"http://example.com/\xff\x00\x7f", "http://example.com/%EF%BF%BD%00%7F"},
	{"http://bücher.example/", "http://xn--bcher-kva.example/"},
	{"http://ＥＸＡＭＰＬＥ。com/", "http://example.com/"},
	{"http://faß.example/", "http://xn--fa-hia.example/"},
	{"http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
	{"http://ex%41mple.com/", "http://example.com/"},
	{"http://under_score.example/", "http://under_score.example/"},
	{"http://example.com./", "http://example.com./"},
	{"http://127.0.0.1:8080/", "http://127.0.0.1:8080/"},
	{"http://0x7f.1/", "http://127.0.0.1/"},
	{"http://2130706433/", "http://127.0.0.1/"},
	{"http://[::1]:80/", "http://[::1]/"},
	{"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"},
}

func TestNormalize(t *testing.T) {
	for _, tt := range normalized {
		got, err := Normalize(tt.raw)
		require.NoError(t, err, "%q", tt.raw)
		require.Equal(t, tt.want, got, "%q", tt.raw)
	}
}

var invalid = []string{
	"", " ", "/a", "a", "//example.com/", "?a", "#a", ":", "1http://example.com/",
	"http:", "http://", "http:///", "http://#a", "http://?a", "http://:80/", "http://a@/", "http://a@:80/",
	"http://example.com:x/", "http://example.com:8a/", "http://example.com:65536/", "http://example.com:99999999999999999999/", "http://a:80:80/",
	"http://a b/", "http://a^b/", "http://a%2Fb/", "http://a%/", "http://a<b/", "http://\xff/", "http://xn--/", "http://xn--a/", "http://\u00ad/", "http://İ!/",
	"http://256.256.256.256/", "http://1.2.3.4.5/", "http://a.0x/b:", "http://[::1/", "http://[::g]/", "http://[1]/", "http://::1/",
	"ftp://example.com/", "mailto:a@example.com", "javascript:void(0)", "data:,a", "tel:1", "about:blank", "blob:http://example.com/1", "file:///a", "ws://example.com/", "httpss://example.com/",
}

func TestNormalizeInvalid(t *testing.T) {
	for _, raw := range invalid {
		got, err := Normalize(raw)
		require.Error(t, err, "%q", raw)
		require.Empty(t, got)
	}
}

func TestNormalizeErrors(t *testing.T) {
	for raw, want := range map[string]error{
		"mailto:a@example.com":  errScheme,
		"/a":                    errRelative,
		"http://":               errHost,
		"http://example.com:a/": errPort,
	} {
		_, err := Normalize(raw)
		require.ErrorIs(t, err, want, raw)
	}
	_, err := Normalize("http://" + strings.Repeat("a", 1<<20) + " b/")
	require.ErrorIs(t, err, errLong)
	require.Less(t, len(err.Error()), 1000)
}

func TestNormalizeLimits(t *testing.T) {
	const origin = "http://example.com/"
	path := strings.Repeat("a", maxURL-len(origin))
	got, err := Normalize(origin + path)
	require.NoError(t, err)
	require.Equal(t, origin+path, got)
	got, err = Normalize(origin + "a#" + strings.Repeat("a", 1<<20))
	require.NoError(t, err, "the fragment counts")
	require.Equal(t, origin+"a", got)

	for _, raw := range []string{
		origin + path + "a",
		origin + path[:len(path)-2] + " ", // is encoded in 3 bytes
		"http://" + strings.Repeat("a@", 1<<20) + "example.com/",
		"http://" + strings.Repeat("ä", maxHost) + "/",
		origin + strings.Repeat("a/", 1<<20),
	} {
		_, err := Normalize(raw + "b")
		require.True(t, errors.Is(err, errLong) || errors.Is(err, errHost), "%v", err)
	}
}

var resolved = []struct{ base, ref, want string }{
	{"http://example.com/a/b?c", "", "http://example.com/a/b?c"},
	{"http://example.com/a/b?c", "#d", "http://example.com/a/b?c"},
	{"http://example.com/a/b?c", "?d", "http://example.com/a/b?d"},
	{"http://example.com/a/b?c", "?", "http://example.com/a/b?"},
	{"http://example.com/a/b?c", "d", "http://example.com/a/d"},
	{"http://example.com/a/b?c/d", "e", "http://example.com/a/e"},
	{"http://example.com/a/b", "d/e?f#g", "http://example.com/a/d/e?f"},
	{"http://example.com/a/b", ".", "http://example.com/a/"},
	{"http://example.com/a/b", "..", "http://example.com/"},
	{"http://example.com/a/b", "../..", "http://example.com/"},
	{"http://example.com/a/b", "../../c", "http://example.com/c"},
	{"http://example.com/a/b", "./c", "http://example.com/a/c"},
	{"http://example.com/a/b", "/", "http://example.com/"},
	{"http://example.com/a/b", "/c", "http://example.com/c"},
	{"http://example.com/a/b", "\\c", "http://example.com/c"},
	{"http://example.com/a/b", "//other.example", "http://other.example/"},
	{"https://example.com/a/b", "//other.example/c", "https://other.example/c"},
	{"https://example.com/a/b", "\\\\other.example\\c", "https://other.example/c"},
	{"https://example.com/a/b", "/\\/other.example", "https://other.example/"},
	{"http://example.com/a/b", "http:c", "http://example.com/a/c"},
	{"http://example.com/a/b", "http:/c", "http://example.com/c"},
	{"http://example.com/a/b", "HTTP:?c", "http://example.com/a/b?c"},
	{"http://example.com/a/b", "http:", "http://example.com/a/b"},
	{"http://example.com/a/b", "http:\\/c", "http://c/"},
	{"http://example.com/a/b", "https:c", "https://c/"},
	{"http://example.com/a/b", "https:/c", "https://c/"},
	{"http://example.com/a/b", "https://example.com:80/", "https://example.com:80/"},
	{"https://example.com:80/a", "http://example.com:80/b", "http://example.com/b"},
	{"http://example.com:81/a", "http://example.com:81/b", "http://example.com:81/b"},
	{"http://127.0.0.1:81/a", "//127.0.0.1:81/b", "http://127.0.0.1:81/b"},
	{"http://example.com/a", "b:c", ""},
	{"http://example.com/a", "1:c", "http://example.com/1:c"},
	{"http://example.com/a", "./b:c", "http://example.com/b:c"},
	{"http://example.com/a", "b c\td", "http://example.com/b%20cd"},
	{"http://example.com/a", "//[::1", ""},
	{"http://example.com/a", "//", ""},
	{"http://example.com/a//b", "..", "http://example.com/a/"},
	{"http://example.com/a//b", "../c", "http://example.com/a/c"},
	{"http://example.com//a", "../c", "http://example.com/c"},
}

func TestResolve(t *testing.T) {
	for _, tt := range resolved {
		b := newBase(tt.base)
		got, err := appendURL(nil, &b, []byte(tt.ref))
		if tt.want == "" {
			require.Error(t, err, "%q", tt.ref)
			continue
		}
		require.NoError(t, err, "%q", tt.ref)
		require.Equal(t, tt.want, string(got), "%q seen from %q", tt.ref, tt.base)
	}
}
