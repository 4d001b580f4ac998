// Gowork is a Go program without concurrency of its own.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

func main() {
	rounds, _ := strconv.Atoi(os.Args[1])
	counts := map[string]int{}
	var words []string
	for i := range rounds {
		w := strconv.FormatFloat(float64(i)*1.7e-3, 'g', -1, 64)
		words = append(words, w)
		counts[w[len(w)-1:]]++
	}
	sort.Strings(words)
	out, err := json.Marshal(counts)
	sum := sha256.Sum256([]byte(strings.Join(words, " ")))
	fmt.Println(string(out), err, len(words), fmt.Sprintf("%x", sum[:4]))
}
