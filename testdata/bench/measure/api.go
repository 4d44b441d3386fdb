package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// api is a Kubernetes API with the objects and logs of a corpus: as much of one as a collection asks for. Lines of logs get the
// kubelet's time, as --timestamps gives it.
type api struct {
	*httptest.Server
	corpus string
	pause  time.Duration // between blocks of a log; zero sends as fast as it is read
	sent   atomic.Int64  // bytes of logs
}

const (
	apiFolder = "/api/v1/namespaces/openim"
	noItems   = `{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}`
)

func newAPI(corpus string, pause time.Duration) *api {
	a := &api{corpus: corpus, pause: pause}
	a.Server = httptest.NewServer(a)
	return a
}

// ServeHTTP allows everything, and has no objects but the namespace and its pods, no metrics.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	switch {
	case p == "/version":
		fmt.Fprint(w, `{"major":"1","minor":"37","gitVersion":"v1.37.2"}`)
	case r.Method == http.MethodPost:
		fmt.Fprint(w, `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`)
	case p == apiFolder:
		fmt.Fprint(w, `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"openim"}}`)
	case p == apiFolder+"/pods":
		http.ServeFile(w, r, filepath.Join(a.corpus, "cluster-resources/pods/openim.json"))
	case strings.HasPrefix(p, apiFolder+"/pods/") && path.Base(p) == "log":
		a.log(w, path.Base(path.Dir(p)))
	case strings.HasPrefix(p, "/apis/metrics.k8s.io"), strings.HasPrefix(p, "/readyz"):
		http.NotFound(w, r)
	default:
		fmt.Fprint(w, noItems)
	}
}

// log sends the log of a pod. A failure breaks the connection off, as that of a kubelet would.
func (a *api) log(w http.ResponseWriter, pod string) {
	files, err := filepath.Glob(filepath.Join(a.corpus, "cluster-resources/pods/logs/openim", pod, "*.log"))
	if err != nil || len(files) != 1 {
		http.Error(w, "no such pod", http.StatusNotFound)
		return
	}
	f, err := os.Open(files[0])
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer f.Close()
	if err := a.stamped(w, f); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// stamped copies lines, each behind a time that is a little later than that of the one before.
func (a *api) stamped(w io.Writer, r io.Reader) error {
	in, block := bufio.NewReaderSize(r, 64<<10), make([]byte, 0, 96<<10)
	stamp := newStamp(time.Now())
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			block = append(stamp.appendNext(block), line...)
		}
		if len(block) > 64<<10 || err == io.EOF {
			n, failed := w.Write(block)
			a.sent.Add(int64(n))
			if failed != nil || err == io.EOF {
				return failed
			}
			block, stamp = block[:0], newStamp(time.Now())
			time.Sleep(a.pause)
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
	}
}

// stamp is a kubelet's time before a line. Only its fraction moves on: formatting every one would cost more than all
// else that the API does, on processors that the collection could use.
type stamp struct {
	second   []byte
	fraction uint32
}

func newStamp(t time.Time) *stamp {
	return &stamp{t.UTC().AppendFormat(nil, "2006-01-02T15:04:05."), uint32(t.Nanosecond())}
}

func (s *stamp) appendNext(b []byte) []byte {
	s.fraction = min(s.fraction+12_347, 999_999_999)
	b = append(b, s.second...)
	for unit := uint32(100_000_000); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(s.fraction/unit%10))
	}
	return append(b, "Z "...)
}
