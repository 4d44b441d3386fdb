package analyze

import (
	"strconv"
	"strings"
	"time"
)

// quantity reads a Kubernetes quantity as bytes, or a count; -1 when it is none.
func quantity(s string) int64 {
	s = strings.TrimSpace(s)
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' })
	number, unit := s, ""
	if i >= 0 {
		number, unit = s[:i], s[i:]
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return -1
	}
	factor, ok := factors[unit]
	if !ok {
		return -1
	}
	return int64(v * factor)
}

var factors = map[string]float64{
	"": 1, "B": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "K": 1 << 10, "m": 1e-3,
}

// millicores reads a CPU quantity ("250m", "2", "1842464n"); -1 when it is none.
func millicores(s string) int64 {
	s = strings.TrimSpace(s)
	for unit, div := range map[string]float64{"m": 1, "n": 1e6, "u": 1e3} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			v, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return -1
			}
			return int64(v / div)
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return -1
	}
	return int64(v * 1000)
}

// age reads the ages of kubectl ("2m11s", "3h20m", "24d", "2y35d").
func age(s string) (time.Duration, bool) {
	var total time.Duration
	if s == "" {
		return 0, false
	}
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, false
		}
		n, err := strconv.ParseInt(s[:i], 10, 32)
		unit, ok := ageUnits[s[i]]
		if err != nil || !ok {
			return 0, false
		}
		total += time.Duration(n) * unit
		s = s[i+1:]
	}
	return total, true
}

var ageUnits = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour,
}

// percent reads "93%"; -1 when it is none ("<unknown>", "-").
func percent(s string) int {
	v, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	if err != nil {
		return -1
	}
	return v
}

// describeTime reads the times of kubectl describe.
func describeTime(s string) time.Time {
	for _, layout := range []string{time.RFC1123Z, time.RFC3339} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
