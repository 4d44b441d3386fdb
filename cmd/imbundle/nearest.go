package main

// nearest returns the name that a typing mistake most likely meant, or "" when none is close: at most one edit for
// every three letters.
func nearest(typed string, names []string) string {
	best, least := "", len(typed)/3+2
	for _, name := range names {
		if d := edits(typed, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// edits counts insertions, deletions, replacements and swaps of neighbours that turn a into b.
func edits(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}
