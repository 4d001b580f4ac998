package dap

import "testing"

func TestAVariableOfAWordsNameIsAnExpression(t *testing.T) {
	for line, word := range map[string]string{
		"save file": "save", "save /tmp/x": "save", "save ./a b": "save", "save ../x": "save", "save": "save", "save .x": "save",
		"save + 1": "", "save = 3": "", "save == other": "", "save.member": "", "save->next": "", "save - x": "", "save & 3": "",
		"history": "history", "history x": "history", "history = 3": "", "history[2]": "", "history->next": "", "history + 1": "",
		"bookmark": "bookmark", "bookmark here": "bookmark", "bookmark = 1": "", "executions main": "executions", "executions / 2": "",
		"printed total 3": "printed", "printed && x": "", "timeline": "timeline", "timeline.x": "", "bookmarks": "bookmarks", "bookmarks[1]": "",
		"next 3": "next", "next + 3": "", "next->value": "",
	} {
		got := ""
		if w, _, ok := findWord(line); ok {
			got = w.names[0]
		}
		if got != word {
			t.Errorf("%q is the word %q, expected %q", line, got, word)
		}
	}
}
