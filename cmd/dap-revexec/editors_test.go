package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The sessions that docs/editors.md shows, as they are written there. Code blocks
// that a test takes are marked in the document: <!-- tested: NAME -->.

// documented returns the code block of the document that is marked with name.
func documented(t *testing.T, name string) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "editors.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?ms)^<!-- tested: " + regexp.QuoteMeta(name) + " -->\n```[a-z]*\n(.*?)^```$").FindSubmatch(doc)
	if block == nil {
		t.Fatalf("docs/editors.md: no code block is marked as %s", name)
	}
	return string(block[1])
}

// transcript is a session with a debugger: what is typed at its prompt, and the lines
// that it is to print after that, in this order, among others.
type transcript []exchange

type exchange struct {
	typed string
	lines []string // … stands for anything
}

// transcribed reads a transcript. Lines before the first prompt are none of it.
func transcribed(text, prompt string) (tr transcript) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if typed, is := strings.CutPrefix(line, prompt); is {
			tr = append(tr, exchange{typed: typed})
		} else if len(tr) > 0 {
			last := &tr[len(tr)-1]
			last.lines = append(last.lines, line)
		}
	}
	return tr
}

// script is what is typed, one command a line, each followed by one that prints mark
// and the command's number.
func (tr transcript) script(mark string) string {
	var b strings.Builder
	for i, x := range tr {
		fmt.Fprintf(&b, "%s\n%s\n", x.typed, fmt.Sprintf(mark, i))
	}
	return b.String()
}

// check compares what a debugger has printed, with marks between the answers, with
// what the transcript has.
func (tr transcript) check(t *testing.T, output string, mark *regexp.Regexp) {
	t.Helper()
	answers := mark.Split(output, -1)
	if len(answers) != len(tr)+1 {
		t.Fatalf("%d of %d commands were answered:\n%s", len(answers)-1, len(tr), output)
	}
	for i, x := range tr {
		rest := answers[i]
		for _, line := range x.lines {
			parts := strings.Split(line, "…")
			for j, p := range parts {
				parts[j] = regexp.QuoteMeta(p)
			}
			at := regexp.MustCompile(strings.Join(parts, ".*")).FindStringIndex(rest)
			if at == nil {
				t.Errorf("after %q: no %q in\n%s", x.typed, line, answers[i])
				break
			}
			rest = rest[at[1]:]
		}
	}
}

// bank builds the document's program and serves it to a debugger.
func bank(t *testing.T) (dir, address string) {
	t.Helper()
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("the document's program is built for the host, an x86-64 Linux machine")
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bank.c"), []byte(documented(t, "bank.c")), 0o644); err != nil {
		t.Fatal(err)
	}
	gcc := exec.Command(needed(t, "gcc"), "-g", "-o", "bank", "bank.c")
	gcc.Dir = dir
	if out, err := gcc.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	server := command("gdbserver", "--listen", "127.0.0.1:0", "./bank")
	server.Dir = dir
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = server.Stdout
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if a := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(lines.Text()); a != "" {
			go func() { // what the program prints is not to block it
				for lines.Scan() {
				}
			}()
			return dir, a
		}
	}
	t.Fatal("dap-revexec gdbserver does not tell its address")
	return "", ""
}

// needed finds a command that the test wants: without it the test is skipped, except
// in CI.
func needed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed in CI: apt-get install %[1]s", name)
		}
		t.Skipf("no %s", name)
	}
	return path
}

// debugged runs a debugger on the document's program, with a file of commands, and
// returns what it printed.
func debugged(t *testing.T, dir string, debugger string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, debugger, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", debugger, err, out)
	}
	return string(out)
}

func TestTheDocumentedSessionWithGDB(t *testing.T) {
	gdb := needed(t, "gdb")
	tr := transcribed(documented(t, "gdb-session"), "(gdb) ")
	words := transcribed(documented(t, "gdb-words"), "(gdb) ")
	dir, address := bank(t)
	tr[0].typed = strings.Replace(tr[0].typed, "127.0.0.1:1234", address, 1)
	tr = append(tr, words...)
	for name, text := range map[string]string{"init": documented(t, "gdb-commands"), "script": tr.script(`echo ~~%d~~\n`)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := debugged(t, dir, gdb, "-q", "-nx", "-batch", "-ex", "set width 0", "-x", "init", "-x", "script", "./bank")
	tr.check(t, out, regexp.MustCompile(`~~[0-9]+~~`))
}

func TestTheDocumentedSessionWithLLDB(t *testing.T) {
	lldb := needed(t, "lldb")
	tr := transcribed(documented(t, "lldb-session"), "(lldb) ")
	dir, address := bank(t)
	tr[0].typed = strings.Replace(tr[0].typed, "127.0.0.1:1234", address, 1)
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(tr.script(`expression -- (int)%d + 770000`)), 0o644); err != nil {
		t.Fatal(err)
	}
	out := debugged(t, dir, lldb, "--no-lldbinit", "--batch", "--source", "script", "./bank")
	tr.check(t, out, regexp.MustCompile(`\(int\) \$[0-9]+ = 77[0-9]+`))
}

// A launch configuration that does not parse, or a link that leads nowhere, costs a
// reader more than it costs to find here.
func TestTheDocumentIsWellFormed(t *testing.T) {
	const file = "../../docs/editors.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindAllSubmatch(text, -1) {
		whole := string(block[1])
		if strings.HasPrefix(whole, `"`) { // a part of an object
			whole = "{" + whole + "}"
		}
		var v any
		if err := json.Unmarshal([]byte(whole), &v); err != nil {
			t.Errorf("%v:\n%s", err, block[1])
		}
	}
	links := regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`).FindAllSubmatch(text, -1)
	if len(links) < 10 {
		t.Errorf("%d links", len(links))
	}
	for _, link := range links {
		target := filepath.FromSlash(file)
		if len(link[1]) > 0 {
			target = filepath.Join(filepath.Dir(target), filepath.FromSlash(string(link[1])))
		}
		if info, err := os.Stat(target); err != nil {
			t.Errorf("%s: %v", link[0], err)
			continue
		} else if info.IsDir() {
			continue
		}
		if anchor := string(link[2]); anchor != "" && !slices.Contains(anchors(t, target), anchor) {
			t.Errorf("%s: %s has no such heading", link[0], target)
		}
	}
}

// anchors returns the anchors of a Markdown file's headings, as GitHub makes them.
func anchors(t *testing.T, file string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllSubmatch(text, -1) {
		words := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(string(heading[1])), "")
		all = append(all, "#"+strings.ReplaceAll(words, " ", "-"))
	}
	return all
}
