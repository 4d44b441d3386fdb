package prom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// Refused is an answer that is none: the server was there and did not do as it was asked.
type Refused struct {
	Code int // of HTTP; 0 where the answer was no error by HTTP
	Text string

	reason string
}

func (r *Refused) Error() string {
	if r.Code == 0 {
		return r.Text
	}
	return fmt.Sprintf("status %d: %s", r.Code, r.Text)
}

// GapReason classifies the answer for a gap.
func (r *Refused) GapReason() string {
	switch r.Code {
	case 0:
		return r.reason
	case http.StatusUnauthorized, http.StatusForbidden:
		return bundle.Forbidden
	case http.StatusNotFound:
		return bundle.NotFound
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return bundle.Timeout
	}
	return bundle.Failed
}

// Direct asks a server at its own address. A user and a password in the address authenticate; they never leave the request,
// and nothing of the address is repeated where it is none.
func Direct(client *http.Client, address string) (Get, string, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, "", errors.New("this is no address of a Prometheus: one begins with http:// or https://") // what it is may hold a password
	}
	user := base.User
	base.User, base.RawQuery, base.Fragment = nil, "", ""
	get := func(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
		u := *base
		u.Path, u.RawQuery = strings.TrimSuffix(u.Path, "/")+path, query.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, err
		}
		if user != nil {
			password, _ := user.Password()
			req.SetBasicAuth(user.Username(), password)
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, withoutQuery(err)
		}
		if res.StatusCode >= http.StatusBadRequest {
			defer res.Body.Close()
			return nil, &Refused{Code: res.StatusCode, Text: said(res.Body)}
		}
		return res.Body, nil
	}
	return get, base.String(), nil
}

// withoutQuery shortens the client's error, which repeats the whole address.
func withoutQuery(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

// said is what an answer that is an error says, in one line.
func said(body io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err != nil {
		return err.Error()
	}
	var a answer
	if json.Unmarshal(text, &a) == nil && a.Error != "" {
		return a.Error
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line[:min(len(line), 300)]
}
