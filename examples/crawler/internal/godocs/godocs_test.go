package godocs_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/examples/crawler/internal/godocs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var goroot = sync.OnceValues(godocs.FindGOROOT)

// shared is a site that the tests use together, as rendering takes time.
var shared = sync.OnceValues(func() (*godocs.Site, error) {
	root, err := goroot()
	if err != nil {
		return nil, err
	}
	return godocs.New(root)
})

func sharedSite(t *testing.T) *godocs.Site {
	t.Helper()
	site, err := shared()
	require.NoError(t, err)
	return site
}

func request(site http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// page returns the body of a page that is served with status 200.
func page(t *testing.T, site http.Handler, path string) string {
	t.Helper()
	w := request(site, http.MethodGet, path)
	require.Equal(t, http.StatusOK, w.Code, path)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), path)
	require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"), path)
	return w.Body.String()
}

func TestIndexListsPublicPackages(t *testing.T) {
	body := page(t, sharedSite(t), "/")
	require.Contains(t, body, "<title>Go standard library</title>")
	require.Contains(t, body, `<link rel="stylesheet" href="/style.css">`)
	require.Contains(t, body, `<a href="/fmt/">fmt</a></td><td>Package fmt implements formatted I/O`)
	for _, path := range []string{"builtin", "net/http", "unsafe"} {
		require.Contains(t, body, `<a href="/`+path+`/">`)
	}
	for _, path := range []string{"internal", "vendor", "testdata", `"/cmd`, "golang.org"} {
		require.NotContains(t, body, path)
	}
}

func TestPackagePage(t *testing.T) {
	body := page(t, sharedSite(t), "/net/http/")
	for _, part := range []string{
		"<title>package http - net/http</title>",
		`<html lang="en">`,
		`<nav><a href="/">Standard library</a> / net/http</nav>`,
		`import "net/http"`,
		`id="hdr-Clients_and_Transports"`,
		`create a <a href="/net/http/Client">Client</a>:`,
		`<span id="StatusOK">StatusOK</span>`,
		`<span id="ErrNotSupported">ErrNotSupported</span>`,
		`<a href="/net/http/Get">Get</a></td><td>Get issues a GET`,
		`<a href="/net/http/NewRequest">NewRequest</a>`,
		`<a href="/net/http/Client">Client</a></td>`,
		`<a href="/net/http/httptest/">net/http/httptest</a>`,
		`<li><a href="/bufio/">bufio</a></li>`,
		`<li>internal/godebug</li>`,
		`<a href="/src/net/http/client.go">client.go</a>`,
	} {
		require.Contains(t, body, part)
	}
}

func TestSymbolPage(t *testing.T) {
	site := sharedSite(t)
	body := page(t, site, "/net/http/Client")
	for _, part := range []string{
		"<title>type Client - net/http</title>",
		`<a href="/net/http/">net/http</a> / Client</nav>`,
		`<span id="Transport">Transport</span> <a href="/net/http/RoundTripper">RoundTripper</a>`,
		`<a href="/time/">time</a>.<a href="/time/Duration">Duration</a>`,
		`<a href="/net/http/Client#Do">Do</a>`,
		`<h3 id="Do">func (*Client) Do</h3>`,
		`<a href="/net/http/#DefaultClient">DefaultClient</a>`,
	} {
		require.Contains(t, body, part)
	}
	at := regexp.MustCompile(`<a href="/src/net/http/client.go#(L\d+)">`).FindStringSubmatch(body)
	require.NotNil(t, at)
	require.Contains(t, page(t, site, "/src/net/http/client.go"), `<span id="`+at[1]+`">type Client struct {`)

	require.Contains(t, page(t, site, "/net/http/Request"), `<a href="/net/http/NewRequest">NewRequest</a>`)
	require.Contains(t, page(t, site, "/io/Reader"), `<span id="Read">Read</span>(p []byte)`)
	require.Contains(t, page(t, site, "/sort/Slice"), "<pre>func ExampleSlice() {")
	require.Contains(t, page(t, site, "/builtin/append"), `elems ...<a href="/builtin/Type">Type</a>`)
	require.Contains(t, page(t, site, "/math/rand/v2/N"), "func N[Int intType](n Int) Int",
		"the type parameter is not the function Int")
}

func TestSourcePage(t *testing.T) {
	root, err := goroot()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "src", "html", "escape.go"))
	require.NoError(t, err)
	body := page(t, sharedSite(t), "/src/html/escape.go")
	require.Contains(t, body, "<title>escape.go - html</title>")
	_, code, _ := strings.Cut(body, `<pre class="lines">`)
	code, _, _ = strings.Cut(code, "</pre>")
	var lines []string
	for number, line := range strings.Split(strings.TrimSuffix(code, "\n"), "\n") {
		line, found := strings.CutPrefix(line, fmt.Sprintf(`<span id="L%d">`, number+1))
		require.True(t, found, "line %d", number+1)
		line, found = strings.CutSuffix(line, "</span>")
		require.True(t, found, "line %d", number+1)
		require.NotContains(t, line, "<")
		lines = append(lines, html.UnescapeString(line)+"\n")
	}
	require.Equal(t, string(text), strings.Join(lines, ""))
}

func TestRedirects(t *testing.T) {
	for path, location := range map[string]string{
		"/fmt":               "/fmt/",
		"/net/http":          "/net/http/",
		"/net/http/StatusOK": "/net/http/#StatusOK",
		"/reflect/Bool":      "/reflect/Kind#Bool",
	} {
		w := request(sharedSite(t), http.MethodGet, path)
		require.Equal(t, http.StatusMovedPermanently, w.Code, path)
		require.Equal(t, location, w.Header().Get("Location"))
	}
}

func TestMissingPages(t *testing.T) {
	for _, path := range []string{
		"/nothing", "/nothing/", "/fmt/Nothing", "/fmt/Println/", "/fmt/pp", "//", "/archive/", "/internal/abi/", "/cmd/go/",
		"/src/", "/src/fmt/", "/src/fmt/fmt_test.go", "/src/fmt/../os/file.go", "/src/os/file_windows.go_", "/src/internal/abi/abi.go",
	} {
		w := request(sharedSite(t), http.MethodGet, path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Contains(t, w.Body.String(), `<a href="/">`)
	}
}

func TestFilesBesidePages(t *testing.T) {
	w := request(sharedSite(t), http.MethodGet, "/robots.txt")
	require.Equal(t, "User-agent: *\nAllow: /\n", w.Body.String())
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	w = request(sharedSite(t), http.MethodGet, "/style.css")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/css; charset=utf-8", w.Header().Get("Content-Type"))
}

func TestMethods(t *testing.T) {
	w := request(sharedSite(t), http.MethodHead, "/fmt/")
	require.Equal(t, http.StatusOK, w.Code)
	require.Zero(t, w.Body.Len())
	require.Equal(t, strconv.Itoa(len(page(t, sharedSite(t), "/fmt/"))), w.Header().Get("Content-Length"))
	w = request(sharedSite(t), http.MethodPost, "/fmt/")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
}

// Every client of a fresh site gets the pages of another site, however many
// ask for the same package at first.
func TestConcurrentRequests(t *testing.T) {
	root, err := goroot()
	require.NoError(t, err)
	site, err := godocs.New(root)
	require.NoError(t, err)
	paths := []string{"/sort/", "/sort/Slice", "/context/Context", "/src/sort/sort.go", "/"}
	bodies := make([][]string, 8)
	var clients sync.WaitGroup
	for i := range bodies {
		clients.Go(func() {
			for _, path := range paths {
				bodies[i] = append(bodies[i], request(site, http.MethodGet, path).Body.String())
			}
		})
	}
	clients.Wait()
	for k, path := range paths {
		want := page(t, sharedSite(t), path)
		for i := range bodies {
			require.Equal(t, want, bodies[i][k])
		}
	}
}

func TestFailures(t *testing.T) {
	root := t.TempDir()
	_, err := godocs.New(root)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "src", "broken"), 0o777))
	_, err = godocs.New(root)
	require.ErrorContains(t, err, "list packages: none in")

	file := filepath.Join(root, "src", "broken", "broken.go")
	require.NoError(t, os.WriteFile(file, []byte("package broken\n\nfunc {\n"), 0o666))
	site, err := godocs.New(root)
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, request(site, http.MethodGet, "/broken/").Code)
	require.Equal(t, http.StatusOK, request(site, http.MethodGet, "/src/broken/broken.go").Code)
	_, err = site.Pages()
	require.ErrorContains(t, err, "parse package broken")
	require.NoError(t, os.Remove(file))
	require.Equal(t, http.StatusInternalServerError, request(site, http.MethodGet, "/src/broken/broken.go").Code)
}

func TestFindGOROOT(t *testing.T) {
	t.Setenv("GOROOT", "anywhere")
	root, err := godocs.FindGOROOT()
	require.NoError(t, err)
	require.Equal(t, "anywhere", root)
	t.Setenv("GOROOT", "")
	root, err = godocs.FindGOROOT()
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(root, "src"))
	t.Setenv("PATH", t.TempDir())
	_, err = godocs.FindGOROOT()
	require.Error(t, err)
}
