package godocs

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	stylePath = "/style.css"
	robots    = "User-agent: *\nAllow: /\n"
)

//go:embed style.css
var style []byte

// ServeHTTP answers GET and HEAD. The path of a package without its trailing
// slash, and that of a constant or variable, redirect to the page that
// documents it. Unknown paths get 404, and a package that does not parse or a
// file that cannot be read gets 500. The first request for a package waits
// until it is rendered.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case stylePath:
		write(w, r, http.StatusOK, "text/css", style)
		return
	case "/robots.txt":
		write(w, r, http.StatusOK, "text/plain", []byte(robots))
		return
	}
	page, moved, err := s.find(r.URL.Path)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case moved != "":
		http.Redirect(w, r, moved, http.StatusMovedPermanently)
	case page == nil:
		write(w, r, http.StatusNotFound, "text/html", execute("missing", view{Title: "Page not found"}))
	default:
		write(w, r, http.StatusOK, "text/html", page)
	}
}

func write(w http.ResponseWriter, r *http.Request, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) // if it fails, the client is gone
	}
}

// find returns the page at the path, or the address it has moved to, or
// neither if there is none.
func (s *Site) find(urlPath string) (page []byte, moved string, err error) {
	if urlPath == "/" {
		return s.index, "", nil
	}
	name := strings.TrimPrefix(urlPath, "/")
	if file, ok := strings.CutPrefix(name, "src/"); ok {
		page, err = s.file(file)
		return page, "", err
	}
	if s.packages[name] != nil {
		return nil, urlPath + "/", nil
	}
	dir, symbol := path.Split(name)
	p := s.packages[strings.TrimSuffix(dir, "/")]
	if p == nil {
		return nil, "", nil
	}
	docs, err := p.load()
	if err != nil {
		return nil, "", err
	}
	if page, ok := docs.pages[symbol]; ok {
		return page, "", nil
	}
	return nil, docs.symbols[symbol], nil
}

// file returns the page of a source file, named by import path and base name,
// or nil if there is none.
func (s *Site) file(name string) ([]byte, error) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	p := s.packages[dir]
	if p == nil || !slices.Contains(p.files, base) {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(p.Dir, base))
	if err != nil {
		return nil, err
	}
	var code bytes.Buffer
	number := 0
	for line := range bytes.Lines(text) {
		number++
		code.WriteString(`<span id="L` + strconv.Itoa(number) + `">`)
		template.HTMLEscape(&code, bytes.TrimSuffix(line, []byte("\n")))
		code.WriteString("</span>\n")
	}
	return execute("file", struct {
		view
		Code template.HTML
	}{view{Title: base, Package: dir, Name: base}, template.HTML(code.String())}), nil
}
