package main

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a flag for a number of bytes: 500K, 20MB, 1.5GiB. A decimal unit is a power of 1000, a binary one (Ki, KiB) of
// 1024; zero is no limit.
type size int64

var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10},
	{"mib", 1 << 20},
	{"gib", 1 << 30},
	{"tib", 1 << 40},
	{"ki", 1 << 10},
	{"mi", 1 << 20},
	{"gi", 1 << 30},
	{"ti", 1 << 40},
	{"kb", 1e3},
	{"mb", 1e6},
	{"gb", 1e9},
	{"tb", 1e12},
	{"k", 1e3},
	{"m", 1e6},
	{"g", 1e9},
	{"t", 1e12},
	{"b", 1},
}

func (s *size) Set(text string) error {
	number, unit := strings.ToLower(strings.TrimSpace(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*unit > 1<<60 {
		return fmt.Errorf("%q is no size like 500K, 20MB or 1GiB", text)
	}
	*s = size(n * unit)
	return nil
}

// String is "0" for no limit, which keeps the help from naming it as a default.
func (s *size) String() string {
	if *s == 0 {
		return "0"
	}
	return humanBytes(int64(*s))
}

// Type is the flag's type in the help.
func (s *size) Type() string { return "size" }

// humanBytes prints a number of bytes in binary units.
func humanBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 1024 && unit < 4 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTP"[unit])
}
