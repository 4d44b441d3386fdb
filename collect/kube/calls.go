package kube

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// surveyName stands for the survey where requests are told by who makes them.
const surveyName = "survey"

// call is a request that the run makes: what it does and what the plan lists.
type call struct {
	method, path string
	times        int
	most         bool // times is the most; how many there are shows on the way
}

// get is a request to read that is made once.
func get(path string) call { return call{method: http.MethodGet, path: path, times: 1} }

// caller is a source that makes requests of the server. A source without calls makes none.
type caller interface{ calls() []call }

// right is what the server asks its authorizer about a request. It reads the path as the server does: the
// zero ask is a path that is no resource, as /version.
func (c call) right() ask {
	parts := strings.Split(strings.Trim(c.path, "/"), "/")
	a := ask{}
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		a.Group, parts = parts[1], parts[3:]
	default:
		return ask{}
	}
	if parts[0] == "namespaces" && len(parts) > 1 {
		a.Namespace = unescape(parts[1])
		if len(parts) > 2 {
			parts = parts[2:]
		}
	}
	a.Resource, a.Verb = parts[0], "list"
	if len(parts) > 1 {
		a.Name, a.Verb = unescape(parts[1]), "get"
	}
	if len(parts) > 2 {
		a.Resource += "/" + parts[2]
	}
	switch c.method {
	case http.MethodPost:
		a.Verb = "create"
	case http.MethodDelete:
		a.Verb = "delete"
	}
	return a
}

func unescape(part string) string {
	if plain, err := url.PathUnescape(part); err == nil {
		return plain
	}
	return part
}

// trace notes requests as they are made, until it is stopped.
type trace struct {
	mu      sync.Mutex
	calls   []call
	stopped bool
}

func (t *trace) note(method, path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	for i := range t.calls {
		if t.calls[i].method == method && t.calls[i].path == path {
			t.calls[i].times++
			return
		}
	}
	t.calls = append(t.calls, call{method: method, path: path, times: 1})
}

func (t *trace) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}
