// Gohello is an ordinary Go program: fmt, a map, sorting, an error, arguments.
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)

type counter map[string]int

func (c counter) add(words ...string) {
	for _, w := range words {
		c[w]++ //@count
	}
}

var errEmpty = errors.New("nothing to count")

func count(text string) (counter, error) {
	words := strings.Fields(text) //@fields
	if len(words) == 0 {
		return nil, fmt.Errorf("counting %q: %w", text, errEmpty)
	}
	c := counter{}
	c.add(words...) //@add
	return c, nil
}

func main() {
	fmt.Println("hello from Go") //@hello
	c, err := count("to be or not to be that is the question")
	if err != nil {
		panic(err)
	}
	var keys []string
	for k := range c {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { // //@less
		return c[keys[i]] > c[keys[j]] || c[keys[i]] == c[keys[j]] && keys[i] < keys[j]
	})
	for _, k := range keys[:3] {
		fmt.Printf("%-4s %d\n", k, c[k]) //@print
	}
	_, err = count("  ")
	fmt.Println(err, errors.Is(err, errEmpty))
	fmt.Println(len(os.Args)-1, "arguments")
	fmt.Fprintln(os.Stderr, "done")
	os.Exit(4) //@exit
}
