package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/interleave-go/interleave/workerpool/mapreduce"
)

// TestMain lets a test run this binary as the program, in a process that it can interrupt.
func TestMain(m *testing.M) {
	if os.Getenv("WORDCOUNT_MAIN") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// naive counts words character by character.
func naive(text string, lower bool, least int) (counts []count) {
	if lower {
		text = strings.ToLower(text)
	}
	runes := []rune(text)
	is := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsNumber(runes[i]) || unicode.IsMark(runes[i]))
	}
	times := map[string]int{}
	word := ""
	for i := 0; i <= len(runes); i++ {
		if is(i) || i < len(runes) && (runes[i] == '\'' || runes[i] == '’') && is(i-1) && is(i+1) {
			word += string(runes[i])
			continue
		}
		if word != "" && utf8.RuneCountInString(word) >= least {
			times[word]++
		}
		word = ""
	}
	for word, n := range times {
		counts = append(counts, count{word, n})
	}
	slices.SortFunc(counts, byTimes)
	return counts
}

func table(counts []count) string {
	var b strings.Builder
	for _, c := range counts {
		fmt.Fprintf(&b, "%*d  %s\n", len(fmt.Sprint(counts[0].times)), c.times, c.word)
	}
	return b.String()
}

// generate returns text of all kinds of words and bytes.
func generate(random *rand.Rand, size int) string {
	pieces := []string{"the", "The", "don't", "’tis", "naïve", "日本語", "Straße", "ΣΊΣΥΦΟΣ", "e\u0301t\u00e9", "x", "42", "½",
		" ", " ", " ", "\n", ", ", "-", "'", "’", "。", "\u00a0", "\xff", "\xe6\x97", "\x80\x80\x80\x80", "\U0001F600", "_", "\x00"}
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(pieces[random.IntN(len(pieces))])
		if random.IntN(3) == 0 {
			fmt.Fprintf(&b, " w%d ", random.IntN(1+size/10))
		}
	}
	return b.String()
}

// call runs the program.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

// The table is that of a naive count, however the text is read.
func TestLikeNaive(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, size := range []int{0, 1, 100, 10_000, 5 << 18} {
		text := generate(random, size)
		file := filepath.Join(t.TempDir(), "text")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		for _, flags := range [][]string{nil, {"-lower"}, {"-min", "3"}, {"-workers", "1", "-memory", "500kB"}, {"-workers", "5"}} {
			lower, least := slices.Contains(flags, "-lower"), 1
			if slices.Contains(flags, "-min") {
				least = 3
			}
			want := naive(text, lower, least)
			code, out, err := call(t, "", append(flags, "-n", "0", file)...)
			require.Equal(t, table(want), out)
			require.Zero(t, code)
			require.Empty(t, err)
			code, out, _ = call(t, text, append(flags, "-n", "7")...)
			require.Equal(t, table(want[:min(7, len(want))]), out)
			require.Zero(t, code)
		}
	}
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

// No word is parted where a file or a stream is cut, at any place.
func TestCuts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	file := filepath.Join(t.TempDir(), "text")
	for range 200 {
		text := generate(random, random.IntN(600))
		want := naive(text, false, 1)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		for _, path := range []string{file, "-"} {
			size := 1 + random.IntN(100)
			times := map[string]int{}
			var whole []byte
			for c := range chunks(t.Context(), []string{path}, strings.NewReader(text), size) {
				data, err := c.read()
				require.NoError(t, err)
				whole = append(whole, data...)
				words(string(data), func(w string) { times[w]++ })
			}
			require.Equal(t, text, string(whole))
			var got []count
			for w, n := range times {
				got = append(got, count{w, n})
			}
			slices.SortFunc(got, byTimes)
			require.Equal(t, want, got, "%q by %d", text, size)
		}
	}
}

// What has no place to be cut is cut anyway, rather than read as one.
func TestLongRun(t *testing.T) {
	text := "x" + strings.Repeat("日", longest) // three bytes each
	file := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for _, path := range []string{file, "-"} {
		total, most := 0, 0
		for c := range chunks(t.Context(), []string{path}, strings.NewReader(text), 1000) {
			data, err := c.read()
			require.NoError(t, err)
			require.True(t, utf8.Valid(data))
			total += len(data)
			most = max(most, len(data))
		}
		require.Equal(t, len(text), total)
		require.LessOrEqual(t, most, 2*longest)
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt": "one two", "b/c/d": "two three", ".git/x": "hidden", ".y": "hidden", "binary": "some\x00thing", "empty": "",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "b", "loop")))
	code, out, stderr := call(t, "", dir)
	require.Equal(t, "2  two\n1  one\n1  three\n", out)
	require.Zero(t, code)
	require.Empty(t, stderr)
	_, out, _ = call(t, "and two", filepath.Join(dir, "a.txt"), "-", filepath.Join(dir, "binary"))
	require.Equal(t, "2  two\n1  and\n1  one\n1  some\n1  thing\n", out)
	t.Chdir(dir)
	_, out, _ = call(t, "", ".")
	require.Equal(t, "2  two\n1  one\n1  three\n", out)
	require.NoError(t, os.Symlink(filepath.Join(dir, "b"), filepath.Join(dir, "link")))
	_, out, _ = call(t, "", "link") // named, so followed
	require.Equal(t, "1  three\n1  two\n", out)
}

// A file that cannot be read is named; the others are counted if that is wanted.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	file, missing := filepath.Join(dir, "a"), filepath.Join(dir, "missing")
	require.NoError(t, os.WriteFile(file, []byte("one"), 0o600))
	code, out, stderr := call(t, "", missing, file)
	require.Equal(t, exitFailed, code)
	require.Empty(t, out)
	require.Equal(t, "wordcount: stat "+missing+": no such file or directory\n", stderr)
	code, out, stderr = call(t, "", "-keep-going", missing, file, missing)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "1  one\n", out)
	require.Equal(t, 2, strings.Count(stderr, "wordcount: stat "+missing+": "))

	var b bytes.Buffer
	code = run(t.Context(), nil, io.MultiReader(strings.NewReader("a b"), failing{}), &b, &b)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "wordcount: standard input: broken\n", b.String())

	b.Reset()
	require.Equal(t, exitFailed, run(t.Context(), []string{file}, nil, failing{}, &b))
	require.Equal(t, "wordcount: broken\n", b.String())

	t.Setenv("TMPDIR", missing)
	code, _, stderr = call(t, "one two", "-memory", "1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "temporary file: ")
}

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken") }
func (failing) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestUsage(t *testing.T) {
	code, out, stderr := call(t, "", "--help")
	require.Zero(t, code)
	require.Empty(t, out)
	require.Equal(t, usage, stderr)
	for _, args := range [][]string{{"-n", "-1"}, {"-min", "0"}, {"-workers", "0"}, {"-memory", "much"}, {"-memory", "0"}, {"-what"}} {
		code, out, stderr = call(t, "", args...)
		require.Equal(t, exitUsage, code)
		require.Empty(t, out)
		require.Contains(t, stderr, args[0][1:])
	}
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("-n", []byte("dash"), 0o600))
	_, out, _ = call(t, "std in", "-", "-n", "1", "--", "-n", "-")
	require.Equal(t, "1  dash\n", out)
}

func TestVerbose(t *testing.T) {
	_, _, stderr := call(t, "a b a", "-v")
	require.Contains(t, stderr, "3 words, 2 different, in 5 B, ")
	require.NotContains(t, stderr, "temporary")
	t.Setenv("TMPDIR", t.TempDir())
	_, _, stderr = call(t, "a b a", "-v", "-memory", "1")
	require.Contains(t, stderr, "temporary files with")
}

// On a terminal the line that shows how far it is goes away.
func TestTerminal(t *testing.T) {
	var b bytes.Buffer
	p := mapreduce.Progress{Pairs: 1234, Spilled: 2048, Results: 12}
	d := newDisplay(&options{}, &b)
	d.progress(p, 5<<20)
	require.Empty(t, b.String())
	d.terminal = true
	d.last = d.last.Add(-time.Second)
	d.progress(p, 5<<20)
	d.progress(p, 6<<20) // too soon
	require.Equal(t, "\r\x1b[K5.0 MiB read, 1,234 words, 2.0 KiB in temporary files, 12 different", b.String())
	d.end()
	d.end()
	require.True(t, strings.HasSuffix(b.String(), "different\r\x1b[K"))
}

// Ctrl-C ends the program at once, while it waits for input or counts, and leaves nothing.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	go func() {
		fmt.Fprint(w, strings.Repeat("some words ", chunkSize/5))
		cancel()
	}()
	var b bytes.Buffer
	require.Equal(t, exitInterrupted, run(ctx, nil, r, &b, &b))
	require.Empty(t, b.String())
	w.Close()

	temp := t.TempDir()
	cmd := exec.Command(os.Args[0], "-memory", "1kB", "-v")
	cmd.Env = append(os.Environ(), "WORDCOUNT_MAIN=1", "TMPDIR="+temp)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	text := generate(rand.New(rand.NewPCG(1, 2)), 4<<20)
	_, err = io.WriteString(stdin, text) // of which a part was read, since it fits no pipe
	require.NoError(t, err)
	for left, err := os.ReadDir(temp); len(left) == 0; left, err = os.ReadDir(temp) {
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	err = cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, exitInterrupted, exit.ExitCode())
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}
