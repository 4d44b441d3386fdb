package replay

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// watch sends what there is, where the client asked for that, and then stays open: nothing ever changes.
func (a *answer) watch(t target) error {
	found, err := a.find(t)
	if err != nil {
		return err
	}
	version := a.param("resourceVersion")
	initial := a.param("sendInitialEvents") == "true"
	a.head(http.StatusOK, "application/json")
	if initial || version == "" || version == "0" {
		if err := a.events(t, found); err != nil {
			return err
		}
	}
	if initial && a.flag("allowWatchBookmarks") {
		bookmark := fmt.Sprintf(`{"type":"BOOKMARK","object":{"kind":%q,"apiVersion":%q,"metadata":{"resourceVersion":%q,"annotations":{"k8s.io/initial-events-end":"true"}}}}`,
			t.res.kind, t.res.gv(), newestVersion(found.items))
		if err := a.send(bytes.NewBufferString(bookmark + "\n")); err != nil {
			return err
		}
	}
	if f, ok := a.w.(http.Flusher); ok {
		f.Flush()
	}
	return a.hold()
}

func (a *answer) events(t target, found *page) error {
	var body bytes.Buffer
	for i, o := range found.items {
		var raw []byte
		var err error
		switch a.shape() {
		case asTable:
			if raw, err = a.row(t, o, found.columns != nil); err == nil {
				columns := "[]"
				if i == 0 {
					columns = string(columnsOf(found.columns))
				}
				raw = fmt.Appendf(nil, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":%s,"rows":[%s]}`, columns, raw)
			}
		case asMetadata:
			raw, err = a.metadata(t, o)
		default:
			raw, err = a.item(t, o)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(&body, `{"type":"ADDED","object":%s}`+"\n", raw)
		if err := a.flush(&body); err != nil {
			return err
		}
	}
	return a.send(&body)
}

// hold waits until the client has had enough.
func (a *answer) hold() error {
	var end <-chan time.Time
	if sec, err := strconv.Atoi(a.param("timeoutSeconds")); err == nil && sec > 0 {
		timer := time.NewTimer(time.Duration(sec) * time.Second)
		defer timer.Stop()
		end = timer.C
	}
	select {
	case <-a.r.Context().Done():
	case <-end:
	}
	return nil
}
