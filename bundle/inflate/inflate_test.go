package inflate_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/imbundle/imbundle/bundle/inflate"
)

// result is what came of unpacking: the bytes, whether the end was reached, and what was left of the input.
type result struct {
	plain []byte
	err   error
	rest  int
}

func ours(packed []byte, buffer int) result {
	in := bufio.NewReaderSize(bytes.NewReader(packed), buffer)
	z, err := inflate.NewReader(in)
	if err != nil {
		return result{err: err}
	}
	plain, err := io.ReadAll(z)
	rest, _ := io.Copy(io.Discard, in)
	return result{plain, err, int(rest)}
}

func standard(packed []byte) result {
	in := bytes.NewReader(packed)
	z, err := gzip.NewReader(in)
	if err != nil {
		return result{err: err}
	}
	plain, err := io.ReadAll(z)
	return result{plain, err, in.Len()}
}

// same holds ours to the standard library. Of a stream that ends early ours may give a little more: that library wants to see
// as many bits as the end of the block has before it takes a symbol.
func same(t *testing.T, packed []byte, buffer int) {
	t.Helper()
	got, want := ours(packed, buffer), standard(packed)
	if (got.err == nil) != (want.err == nil) || errors.Is(got.err, io.ErrUnexpectedEOF) != errors.Is(want.err, io.ErrUnexpectedEOF) ||
		errors.Is(got.err, gzip.ErrHeader) != errors.Is(want.err, gzip.ErrHeader) || errors.Is(got.err, gzip.ErrChecksum) != errors.Is(want.err, gzip.ErrChecksum) {
		t.Fatalf("error %v, the standard library's is %v", got.err, want.err)
	}
	if !bytes.HasPrefix(got.plain, want.plain) || len(got.plain) > len(want.plain) && !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Fatalf("%d bytes, the standard library gives %d; error %v", len(got.plain), len(want.plain), got.err)
	}
	if got.err == nil && got.rest != want.rest {
		t.Fatalf("%d bytes are left, the standard library leaves %d", got.rest, want.rest)
	}
}

// texts are inputs of all kinds: runs, short and long distances, what does not compress.
func texts() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	few := make([]byte, 200_000)
	for i := range few {
		few[i] = "abc\n"[random.IntN(4)]
	}
	all := map[string][]byte{
		"nothing": nil, "a byte": []byte("x"), "noise": noise, "four letters": few,
		"one letter": bytes.Repeat([]byte("a"), 300_000),
		"far back":   append(append(bytes.Clone(noise[:32<<10]), noise[:32<<10]...), noise[1:1000]...),
	}
	for n := 2; n < 40; n++ {
		all[fmt.Sprintf("a period of %d", n)] = bytes.Repeat(noise[:n], 5000)
	}
	var lines bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&lines, "2026-11-23 08:%02d:%02d.%03d\tINFO\t[PID:%d]      \tmsg%-40s\t{\"id\": %d}\n", i/60%60, i%60, random.IntN(1000), 17, "arrived", random.Uint32())
	}
	all["lines"] = lines.Bytes()
	return all
}

func pack(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLevels(t *testing.T) {
	for name, text := range texts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			t.Run(fmt.Sprintf("%s, level %d", name, level), func(t *testing.T) {
				packed := pack(t, text, level)
				for _, buffer := range []int{16, 100, 64 << 10} {
					if got := ours(packed, buffer); got.err != nil || !bytes.Equal(got.plain, text) || got.rest != 0 {
						t.Errorf("%d bytes of %d, %d left, error %v", len(got.plain), len(text), got.rest, got.err)
					}
				}
			})
		}
	}
}

func TestMembersAndWhatFollows(t *testing.T) {
	one, two := pack(t, []byte("one"), 6), pack(t, texts()["lines"], 1)
	for _, packed := range [][]byte{
		nil,
		{},
		[]byte("\x1f\x8b"), append(bytes.Clone(one), two...), append(bytes.Clone(two), "tail"...), append(bytes.Clone(two), 0),
		append(append(bytes.Clone(one), two...), one[:len(one)-1]...),
	} {
		same(t, packed, 4096)
	}
}

// TestEveryCut cuts a stream at every byte: what comes before is the same.
func TestEveryCut(t *testing.T) {
	for name, text := range texts() {
		for _, level := range []int{0, 1, 6} {
			packed := pack(t, text[:min(len(text), 3000)], level)
			for n := range packed {
				same(t, packed[:n], 64)
				if got := ours(packed[:n], 64); !bytes.HasPrefix(text, got.plain) {
					t.Errorf("%s, level %d, %d bytes: what comes before the cut differs", name, level, n)
				}
			}
		}
	}
}

// TestEveryBit turns every bit of some streams.
func TestEveryBit(t *testing.T) {
	for _, level := range []int{0, 1, 6} {
		packed := pack(t, texts()["lines"][:2000], level)
		for i := range len(packed) * 8 {
			packed[i/8] ^= 1 << (i % 8)
			same(t, packed, 64)
			packed[i/8] ^= 1 << (i % 8)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, h := range []gzip.Header{
		{Name: "a.log"},
		{Comment: "why", Extra: []byte("extra")},
		{Name: string(bytes.Repeat([]byte("n"), 511))},
		{Name: string(bytes.Repeat([]byte("n"), 512))},
	} {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Header = h
		if _, err := z.Write([]byte("text")); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, b.Bytes(), 64)
		for n := range b.Len() {
			same(t, b.Bytes()[:n], 64)
		}
		summed := bytes.Clone(b.Bytes())
		summed[3] |= 1 << 1
		same(t, summed, 64)
		summed[3] |= 1 << 6
		same(t, summed, 64)
	}
}

// TestSlowInput has input that comes byte by byte, ends in an error, and is asked for little at a time.
func TestSlowInput(t *testing.T) {
	text := texts()["lines"][:50_000]
	packed := pack(t, text, 6)
	broken := errors.New("broken")
	z, err := inflate.NewReader(bufio.NewReader(iotest.OneByteReader(io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken)))))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(iotest.OneByteReader(z))
	if !errors.Is(err, broken) || !bytes.HasPrefix(text, got) || len(got) < len(text)/3 {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
	if err := iotest.TestReader(open(t, packed), text); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, packed []byte) *inflate.Reader {
	t.Helper()
	z, err := inflate.NewReader(bufio.NewReaderSize(bytes.NewReader(packed), 128<<10))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func FuzzReader(f *testing.F) {
	for _, text := range texts() {
		for _, level := range []int{0, 1, 6} {
			f.Add(pack(f, text[:min(len(text), 2000)], level), uint16(64))
		}
	}
	f.Add([]byte{}, uint16(16))
	f.Fuzz(func(t *testing.T, packed []byte, buffer uint16) { same(t, packed, int(buffer)) })
}

// FuzzDeflate puts the checksum right, so that the fuzzer reaches the blocks.
func FuzzDeflate(f *testing.F) {
	for _, text := range texts() {
		packed := pack(f, text[:min(len(text), 2000)], 6)
		f.Add(packed[10 : len(packed)-8])
	}
	f.Fuzz(func(t *testing.T, deflated []byte) {
		packed := append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), deflated...)
		same(t, packed, 32)
		if plain := standard(append(packed, make([]byte, 8)...)).plain; len(plain) > 0 {
			same(t, append(pack(t, plain, 1), packed...), 32)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	files, err := filepath.Glob("../redact/testdata/samples/*.log")
	if err != nil || len(files) == 0 {
		b.Fatalf("no samples: %v", err)
	}
	var text []byte
	for _, name := range files {
		t, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		text = append(text, t...)
	}
	packed := pack(b, text, 6)
	z, in := open(b, packed), bufio.NewReaderSize(nil, 128<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		in.Reset(bytes.NewReader(packed))
		if err := z.Reset(in); err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, z); err != nil {
			b.Fatal(err)
		}
	}
}
