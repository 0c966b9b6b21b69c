package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultExitStatus(t *testing.T) {
	whole := newFaultSite(t, map[string]answer{
		"/": titled("Start", "/private"), "/robots.txt": reply(200, "", rules),
	})
	faulty := newFaultSite(t, map[string]answer{"/": titled("Start", "/missing")})
	unclear := newFaultSite(t, map[string]answer{"/": titled("Start", "http://[bad/")})
	for _, test := range []struct {
		site *faultSite
		args []string
		want int
	}{
		{whole, nil, exitDone},
		{whole, []string{"-strict"}, exitDone},
		{faulty, nil, exitDone},
		{faulty, []string{"-strict"}, exitFailed},
		{faulty, []string{"-strict", "-depth", "0"}, exitDone},
		{unclear, []string{"-strict"}, exitFailed},
	} {
		// Without a file, and with one.
		for _, db := range []string{"", filepath.Join(t.TempDir(), "crawl.db")} {
			args := append([]string{"-quiet", "-db", db}, test.args...)
			code, stdout, stderr := crawlWith(t, append(args, test.site.url)...)
			require.Equal(t, []any{test.want, "", ""}, []any{code, stdout, stderr}, args)
		}
	}
}

func TestFaultsArePrinted(t *testing.T) {
	site := newFaultSite(t, map[string]answer{"/": titled("Start", "/missing")})
	code, stdout, stderr := crawlWith(t, site.url)
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, site.url+"/missing\n    404 Not Found, on "+site.url+"/\n")
	require.Empty(t, stderr, "of a crawl that takes less than a second")
}

func TestFaultyArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-c", "0"}, {"-c", "-1"}, {"-c", "many"}, {"-c"}, {"-per-host", "0"}, {"-retries", "-1"},
		{"-rps", "-1"}, {"-rps", "NaN"}, {"-rps", "Inf"}, {"-rps", "1e-9"},
		{"-timeout", "0"}, {"-timeout", "-1s"}, {"-timeout", "10"}, {"-max-pages", "-1"},
		{"-max-body", "0"}, {"-max-body", "-1"}, {"-max-body", "4097"}, {"-max-body", "99999999999999999999"},
		{"-resume"}, {"-unknown"}, {"-quiet=maybe"}, {"http://[bad/"}, {"mailto:a@b.example"}, {"ftp://127.0.0.1/"}, {""},
		{"http://127.0.0.1:99999/"},
	} {
		// The start page makes sure that an argument that is taken does not
		// crawl the standard library.
		code, stdout, stderr := crawlWith(t, append(args, "http://127.0.0.1:1/")...)
		require.Equal(t, exitUsage, code, "%q: %s", args, stderr)
		require.Empty(t, stdout)
		require.Regexp(t, `^crawler: .+\nRun it with -h to see how to use it\.\n$`, stderr, "%q", args)
	}
}

// TestFaultlessHelp compares the help, which is written by hand, with the flags.
func TestFaultlessHelp(t *testing.T) {
	source, err := os.ReadFile("flags.go")
	require.NoError(t, err)
	flags := []string{"h"}
	for _, m := range regexp.MustCompile(`f\.\w+Var\(&o\.\w+, "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		flags = append(flags, m[1])
	}
	for _, ask := range []string{"-h", "-help", "--help"} {
		code, stdout, stderr := crawlWith(t, ask)
		require.Equal(t, []any{exitDone, ""}, []any{code, stdout})
		var told []string
		for _, m := range regexp.MustCompile(`(?m)^  -(\S+) `).FindAllStringSubmatch(stderr, -1) {
			told = append(told, m[1])
		}
		require.ElementsMatch(t, flags, told)
		require.Greater(t, len(told), 10)
	}
}

// TestFaultDefaultsAreAsTold compares the defaults in the help with those that
// hold.
func TestFaultDefaultsAreAsTold(t *testing.T) {
	o, err := parseFlags(nil, nil)
	require.NoError(t, err)
	for _, told := range []struct {
		flag string
		have any
	}{
		{"depth", o.depth}, {"max-pages", o.maxPages}, {"robots", o.robots}, {"c", o.concurrency}, {"per-host", o.perHost},
		{"rps", o.rate}, {"retries", o.retries}, {"timeout", o.timeout}, {"max-body", o.maxBody},
	} {
		require.Regexp(t, regexp.MustCompile(`(?m)^  -`+told.flag+` .*\(default `+regexp.QuoteMeta(fmt.Sprint(told.have))+`\b`), usage)
	}
}

// TestFaultOfTheFile asks for a crawl into a file that has something in it.
func TestFaultOfTheFile(t *testing.T) {
	site := newFaultSite(t, map[string]answer{"/": titled("Start", "/missing")})
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	crawl := filepath.Join(dir, "crawl.db")
	code, _, stderr := crawlWith(t, "-quiet", "-db", crawl, site.url)
	require.Equal(t, exitDone, code, stderr)

	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE addresses (name TEXT); INSERT INTO addresses VALUES ('x')`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	for _, test := range []struct {
		path, flag, says string
	}{
		{crawl, "", "holds a crawl already: go on with it by -resume, or remove it"},
		{foreign, "", "holds"},
		{foreign, "-resume", "not the file of a crawl"},
		{file("letter.txt", strings.Repeat("Dear reader,\n", 100)), "", "not a database"},
		{file("letter2.txt", strings.Repeat("Dear reader,\n", 100)), "-resume", "not a database"},
		{dir, "", "open"},
	} {
		asked := site.requests()
		args := []string{"-quiet", "-db", test.path}
		if test.flag != "" {
			args = append(args, test.flag)
		}
		before := contents(t, dir)
		code, stdout, stderr := crawlWith(t, append(args, site.url)...)
		require.Equal(t, []any{exitFailed, ""}, []any{code, stdout}, stderr)
		require.Regexp(t, `^crawler: .*`+regexp.QuoteMeta(test.path), stderr, "which file")
		require.Contains(t, stderr, test.says, args)
		require.Equal(t, before, contents(t, dir), args)
		require.Equal(t, asked, site.requests())
	}

	// A file without a crawl, and none at all where there can be none.
	code, _, stderr = crawlWith(t, "-quiet", "-db", file("empty.db", ""), site.url)
	require.Equal(t, exitDone, code, stderr)
	for _, resume := range []string{"-resume=false", "-resume"} {
		code, _, stderr = crawlWith(t, "-quiet", resume, "-db", filepath.Join(dir, "no", "such.db"), site.url)
		require.Equal(t, exitFailed, code, resume)
		require.Regexp(t, `^crawler: .+`, stderr)
	}
}

// contents returns what is in the files of dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	all := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		all[e.Name()] = string(content)
	}
	return all
}
