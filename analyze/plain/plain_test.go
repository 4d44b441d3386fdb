package plain

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf16 "golang.org/x/text/encoding/unicode"
)

const console = "2026-11-23 08:03:28.345\t\x1b[33mWARN\x1b[0m\t[PID:31859]\topenim-msgtransfer\t[v3.8.3]\t[kafka/consumer_group.go:61]\tconsume err 消费失败\t{}"

// sections reads a text as the analysis does, to "ns/pod/container/name: line@number" for each line.
func sections(t *testing.T, text string) []string {
	t.Helper()
	in, err := Decode(bufio.NewReaderSize(strings.NewReader(text), 64<<10))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	err = Sections(in, func(s Section) error {
		body, err := io.ReadAll(s.Text)
		for i, line := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
			n := int64(i + 1)
			if s.Line != nil {
				n = s.Line(n)
			}
			out = append(out, fmt.Sprintf("%s/%s/%s/%s: %s@%d", s.Namespace, s.Pod, s.Container, s.Name, line, n))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWrappings(t *testing.T) {
	const prefix = "[pod/openim-api-6d4f9c7b8d-x7k2p/openim-api] "
	for name, x := range map[string]struct {
		text string
		want []string
	}{
		"as it is": {console + "\n", []string{"///: " + console + "@1"}},
		"CRI with a long line in pieces": {
			"2026-11-23T00:03:28.345678901Z stdout P 2026-11-23 08:03:28.345\tIN\n2026-11-23T00:03:28.345678902Z stdout F FO\n2026-11-23T00:03:29.000000001Z stderr F panic: x\n",
			[]string{"///: @1", "///: 2026-11-23T00:03:28.345678902Z 2026-11-23 08:03:28.345\tINFO@2", "///: 2026-11-23T00:03:29.000000001Z panic: x@3"},
		},
		"docker json-file": {
			`{"log":"2026-11-23 08:03:28.345\u0009INFO","stream":"stdout","time":"2026-11-23T00:03:28.3Z"}` + "\n" + `{"log":" \u003cend\u003e\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-11-23T00:03:28.35Z"}` + "\n",
			[]string{"///: @1", "///: 2026-11-23T00:03:28.350000000Z 2026-11-23 08:03:28.345\tINFO <end>@2"},
		},
		"stern": {
			"openim-api-6d4f9c7b8d-x7k2p openim-api " + console + "\n+ some words\nopenim openim-api-6d4f9c7b8d-x7k2p openim-api " + console + "\n",
			[]string{"///: " + prefix + console + "@1", "///: + some words@2", "///: " + prefix + console + "@3"},
		},
		"stern in colours": {
			"\x1b[38;5;92mopenim-api-6d4f9c7b8d-x7k2p\x1b[0m \x1b[96mopenim-api\x1b[0m " + console + "\n",
			[]string{"///: " + prefix + console + "@1"},
		},
		"journald, records that are split": {
			"2026-11-23T08:03:28+0800 node1 openim[812]: 2026-11-23 08:03:28.345\tINFO\t[v3.8.3\n2026-11-23T08:03:28+0800 node1 openim[812]: ]\t[x.go:1]\tx\n2026-11-23T08:03:29+0800 node1 kernel: Out of memory\n",
			[]string{"///: 2026-11-23 08:03:28.345\tINFO\t[v3.8.3@1", "///: ]\t[x.go:1]\tx@2", "///: 2026-11-23T08:03:29+0800 node1 kernel: Out of memory@3"},
		},
		"journald": {"Nov 23 08:03:28 node1 dockerd[812]: " + console + "\n", []string{"///: " + console + "@1"}},
		"cluster-info dump": {
			"{\n}\n==== START logs for container api of pod im/openim-api-0 ====\none\ntwo\n==== END logs for container api of pod im/openim-api-0 ====\n{\n}\n",
			[]string{"///: {@1", "///: }@2", "im/openim-api-0/api/: one@4", "im/openim-api-0/api/: two@5", "///: {@7", "///: }@8"},
		},
		"tail": {
			"==> /var/log/openim-api.log <==\n" + console + "\n\n==> b.log <==\nx\n",
			[]string{"///: @1", "////var/log/openim-api.log: " + console + "@2", "////var/log/openim-api.log: @3", "///b.log: x@5"},
		},
		"SLS, newest first": {
			`{"__time__":"1795392210","_pod_name_":"p-0","_container_name_":"c","_namespace_":"im","content":"2026-11-23 00:03:30.500 b"}` + "\n" +
				`{"__time__":"1795392210","_pod_name_":"p-0","_container_name_":"c","_namespace_":"im","content":"2026-11-23 00:03:30.100 a\n\tat x"}` + "\n" +
				`{"__time__":1795392200,"__tag__:_pod_name_":"a-0","_container_name_":"c","content":"first"}` + "\n",
			[]string{
				"/a-0/c/: 2026-11-23T00:03:20.000000000Z first@3", "im/p-0/c/: 2026-11-23T00:03:30.000000000Z 2026-11-23 00:03:30.100 a@2",
				"im/p-0/c/: 2026-11-23T00:03:30.000000000Z \tat x@2", "im/p-0/c/: 2026-11-23T00:03:30.000000000Z 2026-11-23 00:03:30.500 b@1",
			},
		},
		"SLS as CSV": {
			"__time__,_pod_name_,content\n1795392210,p-0,\"say \"\"x\"\"\nmore\"\n1795392200,p-0,early\n",
			[]string{
				"/p-0//: 2026-11-23T00:03:20.000000000Z early@4", `/p-0//: 2026-11-23T00:03:30.000000000Z say "x"@2`, "/p-0//: 2026-11-23T00:03:30.000000000Z more@2",
			},
		},
		"the answer of Loki": {
			`{"status":"success","data":{"resultType":"streams","result":[{"stream":{"namespace":"im","pod":"p-0","container":"c"},"values":[["1795392210000000001","b"],["1795392200000000000","a"]]}]}}`,
			[]string{"im/p-0/c/: 2026-11-23T00:03:20.000000000Z a@1", "im/p-0/c/: 2026-11-23T00:03:30.000000001Z b@1"},
		},
		"the answer of Elasticsearch": {
			"{\"took\":1,\"hits\":{\"total\":{\"value\":1},\"hits\":[\n{\"_index\":\"x\",\"_source\":{\"@timestamp\":\"2026-11-23T00:03:20Z\",\"message\":\"m\",\"kubernetes\":{\"pod\":{\"name\":\"p-0\"},\"container\":{\"name\":\"c\"},\"namespace\":\"im\"}}}\n]}}",
			[]string{"im/p-0/c/: 2026-11-23T00:03:20.000000000Z m@2"},
		},
		"a transcript": {
			"[root@node1 ~]# date\nMon Nov 23 08:00:00 CST 2026\n[root@node1 ~]# kubectl logs openim-api-6d4f9c7b8d-x7k2p -n im --tail 100\na\n[root@node1 ~]# df -h\nx\n" +
				"li@pc:~$ sudo kubectl -n logging logs --tail=5 deploy/openim-push -c push | grep ERROR\nb\nPS C:\\Users\\li> docker logs --since 5m kafka\nc\n$ docker compose logs openim-server\nd\n# Server\n",
			[]string{
				"///: [root@node1 ~]# date@1", "///: Mon Nov 23 08:00:00 CST 2026@2", "im/openim-api-6d4f9c7b8d-x7k2p//: a@4", "///: x@6",
				"logging//push/openim-push: b@8", "///kafka: c@10", "///openim-server: d@12", "///openim-server: # Server@13",
			},
		},
		"a list of Grafana, newest first": {
			"Common labels: {\"container\":\"c\",\"namespace\":\"im\",\"pod\":\"p-0\"}\nLine limit: \"1000\"\n\n" +
				"1795392210500\t2026-11-23T00:03:30.500Z\t2026-11-23 00:03:30.500\tb\n1795392210100\t2026-11-23T00:03:30.100Z\t2026-11-23 00:03:30.100\ta\nmore\n",
			[]string{
				"im/p-0/c/: 2026-11-23T00:03:30.100000000Z 2026-11-23 00:03:30.100\ta@5", "im/p-0/c/: 2026-11-23T00:03:30.100000000Z more@5",
				"im/p-0/c/: 2026-11-23T00:03:30.500000000Z 2026-11-23 00:03:30.500\tb@4",
			},
		},
		"logcli": {
			"2026-11-23T00:03:30Z {container=\"c\", pod=\"p-0\"} 2026-11-23 00:03:30.500\tb\n2026-11-23T00:03:29Z {container=\"c\", pod=\"p-0\"}  2026-11-23 00:03:29.500\ta\n",
			[]string{"/p-0/c/: 2026-11-23T00:03:29.000000000Z 2026-11-23 00:03:29.500\ta@2", "/p-0/c/: 2026-11-23T00:03:30.000000000Z 2026-11-23 00:03:30.500\tb@1"},
		},
		"CLS": {
			`{"__TIMESTAMP__":1795392210000,"__SOURCE__":"10.0.0.4","__TAG__":{"pod_name":"p-0","container_name":"c","namespace":"im"},"__CONTENT__":"m"}` + "\n",
			[]string{"im/p-0/c/: 2026-11-23T00:03:30.000000000Z m@1"},
		},
		"CSV with Chinese headings": {
			"日志时间,日志内容,Pod名称\n2026-11-23 00:03:30.500,b,p-0\n2026-11-23 00:03:29.500,a,p-0\n",
			[]string{"/p-0//: 2026-11-23T00:03:29.500000000Z a@3", "/p-0//: 2026-11-23T00:03:30.500000000Z b@2"},
		},
		"stern as JSON": {
			`{"message":"m","nodeName":"n","namespace":"im","podName":"p-0","containerName":"c"}` + "\n",
			[]string{"im/p-0/c/: m@1"},
		},
	} {
		got := sections(t, x.text)
		if strings.Join(got, "\n") != strings.Join(x.want, "\n") {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, x.want)
		}
	}
}

// TestLeftAlone holds what looks a little like a wrapping to be read as it is.
func TestLeftAlone(t *testing.T) {
	for _, text := range []string{
		"{\"level\":\"WARN\",\"time\":\"2026-11-23 08:03:28.352\",\"logger\":\"openim-push\",\"msg\":\"x\"}\n",
		"[pod/openim-api-0/openim-api] " + console + "\n",
		"some-0 words are no prefix\n",
		"a,b,c\n1,2,3\n",
		"2026-11-23T00:03:30.500Z\tINFO\tserver started\n",
		"2026-11-23T00:03:30.500000000Z {\"level\":\"info\"} x\n",
		strings.Repeat("openim-api-6d4f9c7b8d-x7k2p            1/1     Running            0          34d\n", 9),
		strings.Repeat(strings.Repeat("2026-11-23 08:03:28.345 x ", 4)+"\n", 9),
		"Nov 23 08:03:28 node1 kernel: Out of memory: Killed process 1\n",
		"==== a title ====\ntext\n",
		"{\n  \"kind\": \"PodList\", \"items\": []\n}\n",
	} {
		if w := Wrapping([]byte(text)); w != "" {
			t.Errorf("%q is taken for %s", text, w)
		}
	}
}

func TestCharsets(t *testing.T) {
	text := strings.Repeat(console+"\r\n", 50)
	for name, c := range map[string]encoding.Encoding{
		"UTF-16LE with mark": utf16.UTF16(utf16.LittleEndian, utf16.UseBOM), "UTF-16BE with mark": utf16.UTF16(utf16.BigEndian, utf16.UseBOM),
		"UTF-16LE": utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM), "UTF-16BE": utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM),
		"GB18030": simplifiedchinese.GB18030, "GBK": simplifiedchinese.GBK, "UTF-8": encoding.Nop, "UTF-8 with mark": utf16.UTF8BOM,
	} {
		coded, err := c.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		in, err := Decode(bufio.NewReaderSize(strings.NewReader(coded), 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(in); err != nil || string(got) != text {
			t.Errorf("%s: %.80q, %v", name, got, err)
		}
	}
	cut := []byte(strings.Repeat("消费失败", 20))[:200] // UTF-8 that ends within a character
	if c := charsetOf(cut); c != nil {
		t.Errorf("cut UTF-8 is taken for %v", c)
	}
}

func TestBinary(t *testing.T) {
	for text, want := range map[string]bool{
		"\x7fELF\x02\x01\x01\x00\x00\x00": true, console: false, console + strings.Repeat("\x00", 9): false,
		string(bytes.Repeat([]byte{0, 1, 200, 7}, 100)): true, "\x1b[31mred\x1b[0m": false,
	} {
		if Binary([]byte(text)) != want {
			t.Errorf("%.40q: %v", text, !want)
		}
	}
}

// TestHugeRecord holds the memory for a record to be bounded.
func TestHugeRecord(t *testing.T) {
	text := io.MultiReader(strings.NewReader(`{"__time__":"1","__source__":"x","content":"`), io.LimitReader(zeros{}, 64<<20))
	err := Sections(bufio.NewReaderSize(text, 64<<10), func(Section) error { return nil })
	if err == nil {
		t.Error("a record without an end was read")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func FuzzSections(f *testing.F) {
	f.Add([]byte(console))
	f.Add([]byte(`{"__time__":"1","content":"x"}`))
	f.Add([]byte("__time__,content\n1,\"a"))
	f.Add([]byte("==> a <==\n==> b <==\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := Decode(bufio.NewReaderSize(bytes.NewReader(text), 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		_ = Sections(in, func(s Section) error { // malformed text is an answer
			n, err := io.Copy(io.Discard, s.Text)
			if s.Line != nil && n > 0 && s.Line(1) < 0 {
				t.Errorf("line %d", s.Line(1))
			}
			return err
		})
	})
}

// TestFolded joins records that a console of 80 columns broke; what stands between them stays as it is.
func TestFolded(t *testing.T) {
	var whole, folded []string
	for i := range 6 {
		record := fmt.Sprintf("2026-11-23 08:03:2%d.345 WARN [PID:31859] openim-msgtransfer [v3.8.3] [kafka/consumer_group.go:61] consume err {\"error\": \"kafka: client has run out of available brokers to talk to: dial tcp 10.0.0.%d:9092\"}", i, i)
		whole = append(whole, record)
		for len(record) > 80 {
			folded, record = append(folded, record[:80]), record[80:]
		}
		folded = append(folded, record)
		if i == 3 {
			whole, folded = append(whole, "张三：还是不行"), append(folded, "张三：还是不行")
		}
	}
	var got []string
	for _, line := range sections(t, strings.Join(folded, "\n")+"\n") {
		if text, _, _ := strings.Cut(strings.TrimPrefix(line, "///: "), "@"); text != "" {
			got = append(got, text)
		}
	}
	if strings.Join(got, "\n") != strings.Join(whole, "\n") {
		t.Errorf("%q\nwant\n%q", got, whole)
	}
	if n := len(sections(t, strings.Join(folded, "\n")+"\n")); n != len(folded) {
		t.Errorf("%d lines, want %d: lines keep their numbers", n, len(folded))
	}
}

// TestOffice reads what was pasted into Word and Excel.
func TestOffice(t *testing.T) {
	const word = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="x"><w:body>` +
		`<w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr><w:r><w:t xml:space="preserve">a </w:t><w:tab/><w:t>b &amp; c</w:t></w:r></w:p>` +
		`<w:p><w:r><w:t>d</w:t><w:br/><w:t>e</w:t></w:r></w:p></w:body></w:document>`
	const excel = `<?xml version="1.0"?><sst xmlns="x" count="2"><si><t>a	b</t></si><si><r><t>c</t></r><r><t>d</t></r></si></sst>`
	for text, want := range map[string]string{word: "///: a \tb & c@1|///: d@2|///: e@3", excel: "///: a\tb@1|///: cd@2", word[:len(word)-60]: "///: a \tb & c@1"} {
		if got := strings.Join(sections(t, text), "|"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
