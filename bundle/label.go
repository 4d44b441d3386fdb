package bundle

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/imbundle/imbundle/bundle/inflate"
)

// label is what the manifest says of an entry beside its name, size and sum. It stands packed in the gzip extra field of the
// entry's header member too, so that a file without a manifest still tells what it holds.
type label struct {
	Source    string            `json:"s,omitempty"`
	Truncated *Truncation       `json:"t,omitempty"`
	Attrs     map[string]string `json:"a,omitempty"`
	Redacted  map[string]int64  `json:"r,omitempty"`
}

const (
	labelMark = "IL" // subfield of the gzip extra field; the footer's is "IB"
	maxLabel  = 8 << 10
)

// labelWords prime the packing of labels with what most of them say. They are part of the format: never changed.
var labelWords = []byte(`{"s":"kube-cluster"}{"s":"kube-objects"}{"s":"kube-top"}{"s":"kube-logs","t":{"reason":"max-log-size","head":,"tail":,` +
	`"dropped":},"a":{"container":"container","containerID":"containerd://docker://","exitCode":"0","image":"docker.io/openim/openim-rpc-",` +
	`"node":"","reason":"Completed","restarts":"0","role":"rpc-"},"r":{"config-dump":1,"password":1,"token":1}}`)

// pack gives the extra field for l; nil when there is nothing to say, or more than fits.
func (l *label) pack(p *press) ([]byte, error) {
	text, err := json.Marshal(l)
	if err != nil || len(text) <= len("{}") {
		return nil, err
	}
	packed, err := p.primed(labelWords, text)
	if err != nil || len(packed) > maxLabel {
		return nil, err
	}
	b := append(make([]byte, 0, 6+len(packed)), 0, 0, labelMark[0], labelMark[1], 0, 0)
	binary.LittleEndian.PutUint16(b, uint16(4+len(packed)))
	binary.LittleEndian.PutUint16(b[4:], uint16(len(packed)))
	return append(b, packed...), nil
}

// unpackLabel reads an extra field without its length; nil when it is none of ours.
func unpackLabel(extra []byte) *label {
	if len(extra) < 4 || string(extra[:2]) != labelMark || int(binary.LittleEndian.Uint16(extra[2:])) != len(extra)-4 {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(bytes.NewReader(extra[4:]), labelWords), 64<<10))
	var l label
	if err != nil || json.Unmarshal(text, &l) != nil {
		return nil
	}
	return &l
}

// withExtra puts an extra field into a member made by a press.
func withExtra(member, extra []byte) []byte {
	if extra == nil {
		return member
	}
	out := make([]byte, 0, len(member)+len(extra))
	out = append(append(append(out, member[:len(gzipHead)]...), extra...), member[len(gzipHead):]...)
	out[3] = 4 // an extra field follows
	return out
}

// primed deflates a short text against words that are known to the reader.
func (p *press) primed(words, plain []byte) ([]byte, error) {
	p.out.Reset()
	p.fw.ResetDict(&p.out, words)
	if _, err := p.fw.Write(plain); err != nil {
		return nil, err
	}
	if err := p.fw.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.out.Bytes()), nil
}

// labels are those of the members that were unpacked and whose entries were not met yet.
type labels struct {
	mu      sync.Mutex
	waiting []waitingLabel
}

type waitingLabel struct {
	at    int64 // where the member's plain bytes begin
	extra []byte
}

func (l *labels) note(at int64, extra []byte) {
	if len(extra) == 0 || len(extra) > maxLabel {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.waiting); n > 0 && l.waiting[n-1].at == at {
		l.waiting = l.waiting[:n-1] // members without content do not pile up
	}
	l.waiting = append(l.waiting, waitingLabel{at, extra})
}

// before gives the label of the entry whose header ends at a plain offset; nil when it has none.
func (l *labels) before(at int64) *label {
	l.mu.Lock()
	defer l.mu.Unlock()
	var extra []byte
	for len(l.waiting) > 0 && l.waiting[0].at < at {
		extra = l.waiting[0].extra
		l.waiting = l.waiting[1:]
	}
	return unpackLabel(extra)
}

// memberReader unpacks gzip members one after the other and notes their labels.
type memberReader struct {
	gz    inflate.Reader
	plain int64
}

func newMemberReader(in *bufio.Reader, l *labels) (*memberReader, error) {
	m := &memberReader{}
	m.gz.Member = func(extra []byte) { l.note(m.plain, extra) }
	return m, m.gz.Reset(in)
}

func (m *memberReader) Read(p []byte) (int, error) {
	n, err := m.gz.Read(p)
	m.plain += int64(n)
	return n, err
}
