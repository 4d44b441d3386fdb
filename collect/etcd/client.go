package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

const (
	patience = 10 * time.Second // for one answer
	largest  = 8 << 20          // bytes of one answer
	mostKeys = 2000
)

// client asks the members of one etcd.
type client struct {
	server *backends.Etcd
	http   *http.Client
	token  string
}

func newClient(server *backends.Etcd, dial collect.Dialer) *client {
	return &client{server: server, http: &http.Client{
		Timeout: patience, Transport: &http.Transport{DialContext: dial, TLSClientConfig: server.TLS, MaxConnsPerHost: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // etcd never does; another would get the password
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// refusal is an answer of etcd that is an error.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return r.text }

// GapReason classifies it: without the right credentials etcd is forbidden ground.
func (r *refusal) GapReason() string {
	switch {
	case r.code == http.StatusUnauthorized || r.code == http.StatusForbidden || strings.Contains(r.text, "permission denied") || strings.Contains(r.text, "user name is empty") || strings.Contains(r.text, "authentication failed"):
		return bundle.Forbidden
	case r.code == http.StatusNotFound:
		return bundle.NotFound
	}
	return bundle.Failed
}

// post asks one member.
func (c *client) post(ctx context.Context, address, path string, body, into any) error {
	payload, err := json.Marshal(body)
	if err != nil {
		return err
	}
	scheme := "http://"
	if c.server.TLS != nil {
		scheme = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+address+path, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, largest))
	switch {
	case err != nil:
		return fmt.Errorf("reading the answer to %s: %w", path, err)
	case res.StatusCode != http.StatusOK:
		return c.refused(res.StatusCode, path, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	return nil
}

func (c *client) refused(code int, path string, text []byte) error {
	var said struct{ Error, Message string }
	if json.Unmarshal(text, &said) == nil && said.Error+said.Message != "" {
		return &refusal{code, path + ": " + said.Error + strings.TrimPrefix(said.Message, said.Error)}
	}
	return &refusal{code, fmt.Sprintf("%s: HTTP %d; is this etcd, with its JSON gateway?", path, code)}
}

// login gets a token where there is a user. Errors hold nothing of the credentials.
func (c *client) login(ctx context.Context, address string) error {
	if c.server.Login.Username == "" || c.token != "" {
		return nil
	}
	var got struct{ Token string }
	body := map[string]string{"name": c.server.Login.Username, "password": c.server.Login.Password.Reveal()}
	err := c.post(ctx, address, "/v3/auth/authenticate", body, &got)
	if err != nil && strings.Contains(err.Error(), "authentication is not enabled") {
		return nil // everybody may ask
	}
	if err != nil {
		return err
	}
	c.token = got.Token
	return nil
}

// pair is a key and its value.
type pair struct {
	Key, Value []byte
}

// page is an answer to a request for keys.
type page struct {
	Kvs  []pair `json:"kvs"`
	More bool   `json:"more"`
}

// rangeOf reads the keys with a prefix from the first member that answers; keysOnly leaves their values.
func (c *client) rangeOf(ctx context.Context, prefix string, keysOnly bool) (page, error) {
	var errs []error
	for _, address := range c.server.Addresses {
		var got page
		err := c.login(ctx, address)
		if err == nil {
			body := map[string]any{"key": []byte(prefix), "range_end": after(prefix), "limit": mostKeys, "keys_only": keysOnly}
			err = c.post(ctx, address, "/v3/kv/range", body, &got)
		}
		if err == nil {
			return got, nil
		}
		errs = append(errs, err)
	}
	return page{}, errors.Join(errs...)
}

// after is the end of the range of all keys with a prefix.
func after(prefix string) []byte {
	end := []byte(prefix)
	end[len(end)-1]++ // no prefix here ends with 0xff
	return end
}
